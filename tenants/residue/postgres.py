"""Of PostgreSQL: the database and the role, and copies of them that somebody made by hand.

What belongs to a role keeps PostgreSQL from dropping it.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from apps.owner_login import JOINT
from deploy.guards import NotReady
from tenants.archive.login import provisioner
from tenants.ground import Ground
from tenants.names import TenantNames
from tenants.residue.left import Left, Sought

__all__ = ["left"]

_QUESTIONS = {
    "the database": ("SELECT datname FROM pg_database ORDER BY 1", 'DROP DATABASE "{}" WITH (FORCE)'),
    "the role": ("SELECT rolname FROM pg_roles ORDER BY 1", 'DROP ROLE "{}"'),
}


def left(ground: Ground, sought: Sought) -> Iterator[Left]:
    """Asked as the provisioner. Databases come first: a role that owns one can't be dropped."""
    server = ground.platform.server
    where = f"PostgreSQL {server.name}"
    try:
        with provisioner(server, ground.secrets.provisioner_password) as connection:
            for what, (question, mend) in _QUESTIONS.items():
                for (name,) in connection.execute(question).fetchall():
                    plain = name.partition(JOINT)[0]
                    if any(sought.carries(plain, called, "_") for called in (_database, _silo)):
                        yield Left(where, f"{what} {name}", mend.format(name))
    except psycopg.Error as error:
        raise NotReady(f"{where} can't be asked what is left: {str(error).splitlines()[0]}") from None


def _database(names: TenantNames) -> str:
    return names.database


def _silo(names: TenantNames) -> str:
    return names.silo_database
