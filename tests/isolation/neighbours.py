"""Tenants side by side on a real PostgreSQL, each made with the statements of the steps: by the provisioner's login,
from the platform's template, closed to everybody else.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from components.services.postgres import PROVISIONER, PROVISIONER_LOGIN
from components.services.tenants import TEMPLATE
from sandbox.postgresql.server.clusters import ADDRESS, Cluster
from tenants.names import TenantNames

__all__ = ["PAIRS", "SLUGS", "Neighbours", "neighbours"]

SLUGS = ("acme", "acme-2", "algorithmics")
"""The second begins as the first does; the third has nothing in common."""
PAIRS = tuple(permutations(SLUGS, 2))
_WORD = "Passw0rd-of-"
_ADMINISTRATORS_WORD = "an-administrators-passw0rd"


@dataclass(frozen=True)
class Neighbours:
    """The server, and the logins of everybody on it."""

    cluster: Cluster
    admin: str

    def parameters(self, user: str, database: str, word: str | None = None, **more: str) -> dict[str, Any]:
        """How somebody connects, with the right password unless another is given."""
        right = _ADMINISTRATORS_WORD if user == self.admin else f"{_WORD}{user}"
        where = {"host": ADDRESS, "port": self.cluster.port, "user": user, "dbname": database}
        return {**where, "password": right if word is None else word, **more}

    def tenant(self, slug: str, database: str | None = None, **more: str) -> psycopg.Connection[Any]:
        """A tenant's connection to its own database, or to another one."""
        name = TenantNames(slug).database
        return psycopg.connect(**self.parameters(name, database or name, **more), autocommit=True)

    def provisioner(self) -> psycopg.Connection[Any]:
        """As tenants are made."""
        return psycopg.connect(**self.parameters(PROVISIONER_LOGIN, "postgres"), autocommit=True)

    def add(self, slug: str) -> None:
        """One more tenant, with a table in it."""
        name = TenantNames(slug).database
        with self.provisioner() as connection:
            for statement in (
                f"CREATE ROLE {name} LOGIN PASSWORD '{_WORD}{name}' CONNECTION LIMIT 5",
                f"GRANT {name} TO {PROVISIONER}",
                f"CREATE DATABASE {name} OWNER {name} TEMPLATE {TEMPLATE} ENCODING 'UTF8' CONNECTION LIMIT 5",
                f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
            ):
                connection.execute(sql.SQL(statement))
        with self.tenant(slug) as own:
            own.execute("CREATE TABLE customers (secret text)")
            own.execute("INSERT INTO customers VALUES (%s)", (canary(slug),))


def canary(slug: str) -> str:
    """What only the tenant may ever read."""
    return f"canary-of-{slug}-in-a-row"


@contextlib.contextmanager
def neighbours(folder: Path, *, managed: bool) -> Iterator[Neighbours]:
    """A server of a container, whose administrator is a superuser, or a managed one, with all tenants on it."""
    cluster = Cluster(folder)
    admin = "smarteros" if managed else "postgres"
    cluster.create(admin, _ADMINISTRATORS_WORD, superuser=not managed)
    try:
        if managed:
            cluster.allow_extensions(["vector"])
        found = Neighbours(cluster, admin)
        _platform(found)
        for slug in SLUGS:
            found.add(slug)
        yield found
    finally:
        cluster.destroy()


def _platform(server: Neighbours) -> None:
    """The provisioner with its login, and the template, as components/services declare them."""
    with psycopg.connect(**server.parameters(server.admin, "postgres"), autocommit=True) as connection:
        for statement in (
            f"CREATE ROLE {PROVISIONER} CREATEDB CREATEROLE",
            f"CREATE ROLE {PROVISIONER_LOGIN} LOGIN PASSWORD '{_WORD}{PROVISIONER_LOGIN}' IN ROLE {PROVISIONER}",
            f"ALTER ROLE {PROVISIONER_LOGIN} SET ROLE TO {PROVISIONER}",
            f"ALTER ROLE {PROVISIONER_LOGIN} SET search_path TO pg_catalog",
            f"CREATE DATABASE {TEMPLATE} TEMPLATE template0 IS_TEMPLATE true",
            f"REVOKE ALL ON DATABASE {TEMPLATE} FROM PUBLIC",
            *(["REVOKE ALL ON DATABASE template1 FROM PUBLIC"] if server.admin == "postgres" else []),
        ):
            connection.execute(sql.SQL(statement))
    with psycopg.connect(**server.parameters(server.admin, TEMPLATE), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION vector")
