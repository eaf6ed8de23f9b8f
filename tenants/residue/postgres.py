"""Of PostgreSQL: the database and the role. What belongs to a role keeps PostgreSQL from dropping it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from deploy.guards import NotReady
from tenants.ground import Ground
from tenants.model import Tenant
from tenants.residue.left import Left

__all__ = ["left"]

_QUESTIONS = {
    "the database": ("SELECT datname FROM pg_database WHERE datname = %s", 'DROP DATABASE "{}" WITH (FORCE)'),
    "the role": ("SELECT rolname FROM pg_roles WHERE rolname = %s", 'DROP ROLE "{}"'),
}


def left(ground: Ground, tenant: Tenant) -> Iterator[Left]:
    """Asked as the provisioner."""
    server, name = ground.platform.server, tenant.names.database
    where = f"PostgreSQL {server.name}"
    try:
        with psycopg.connect(
            host="127.0.0.1",
            port=server.local_port,
            user=server.login,
            password=ground.secrets.provisioner_password,
            dbname="postgres",
            sslmode=server.sslmode,
        ) as connection:
            for what, (question, mend) in _QUESTIONS.items():
                if connection.execute(question, (name,)).fetchone():
                    yield Left(where, f"{what} {name}", mend.format(name))
    except psycopg.Error as error:
        raise NotReady(f"{where} can't be asked what is left: {str(error).splitlines()[0]}") from None
