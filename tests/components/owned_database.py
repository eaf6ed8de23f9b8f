"""A real server with a service's database, as components.services.postgres makes it: its owner is no administrator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from components.services.postgres import CONNECTION_LIMIT
from sandbox.postgresql.server.clusters import ADDRESS, Cluster

__all__ = ["PASSWORD", "owned_database"]

PASSWORD = "Passw0rdOfThisTestAlone"
ADMIN = "postgres"


@contextmanager
def owned_database(folder: Path, name: str, *extensions: str) -> Iterator[Cluster]:
    """With the extensions that an administrator makes in it, for as long as the block."""
    made = Cluster(folder)
    made.create(ADMIN, PASSWORD, superuser=True)
    try:
        with _connected(made, "postgres") as connection:
            owner = sql.Identifier(name)
            role = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT {} PASSWORD {}")
            connection.execute(role.format(owner, sql.Literal(CONNECTION_LIMIT), sql.Literal(PASSWORD)))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(owner, owner))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(owner))
        with _connected(made, name) as connection:
            for extension in extensions:
                connection.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(extension)))
        yield made
    finally:
        made.destroy()


def _connected(cluster: Cluster, database: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=ADDRESS, port=cluster.port, user=ADMIN, password=PASSWORD, dbname=database, autocommit=True
    )
