"""A migration that fails half-way, on request: real SQL on the real database behind a simulated container, then
unhealthy.

The program itself is not run, so what its migration would change is not known. What stands for it changes what is
there, and commits: a column and a value more in every table, rows of one table gone, a sequence moved, a table of its
own. Of what Docker leaves behind nothing is simulated: the unhealthy container is not there afterwards.
"""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandbox.core.backend import Site
from sandbox.core.records import Record
from sandbox.core.relay import Target
from sandbox.docker.containers import CONTAINER, beside, image_name, keeps_running
from sandbox.docker.server.environment import startup_of

__all__ = ["FailingMigrations", "Login"]

_VARIABLES = (
    ("POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_DATABASE", "POSTGRES_USERNAME", "POSTGRES_PASSWORD"),
    *(
        tuple(f"{prefix}_{name}" for name in names)
        for prefix, names in (
            ("DB_POSTGRESDB", ("HOST", "PORT", "DATABASE", "USER", "PASSWORD")),
            ("MB_DB", ("HOST", "PORT", "DBNAME", "USER", "PASS")),
        )
    ),
)
"""Chatwoot's, n8n's, Metabase's."""
TIMEOUT_S = 10


@dataclass(frozen=True, kw_only=True)
class Login:
    """How a container logs in at its database."""

    host: str
    port: int
    database: str
    user: str
    password: str


@dataclass(frozen=True)
class _Planned:
    container: str
    times: int


class FailingMigrations:
    """Those still to come."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()

    def plan(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Of containers whose name is as a shell pattern says; as often as said."""
        with self._lock:
            self._planned.append(_Planned(str(args["container"]), int(args.get("times", 1))))
        return {}

    def happened(self, what: str, record: Record) -> None:
        """Plays one on a container that starts. Raises ValueError in the words of Docker's provider."""
        if what != "created" or record.token != CONTAINER or not keeps_running(record):
            return
        name = str(record.inputs.get("name"))
        if not self._take(name):
            return
        login = self._login(record)
        if login is None:
            raise ValueError(
                f"{name}: a migration of it is not simulated: no login at a PostgreSQL is among its variables"
            )
        target = self._reached(record, login)
        if target is None:
            raise ValueError(f"{name}: nobody answers at {login.host}:{login.port}")
        _migrate(target, login, image_name(self._site.cloud, record).split("@")[0].rpartition(":")[2])
        raise ValueError(f"Unable to create container: {name}: timeout waiting for healthy state: a migration failed")

    def _take(self, name: str) -> bool:
        with self._lock:
            for index, one in enumerate(self._planned):
                if fnmatch.fnmatch(name, one.container):
                    left = [replace(one, times=one.times - 1)] if one.times > 1 else []
                    self._planned[index : index + 1] = left
                    return True
        return False

    def _reached(self, record: Record, login: Login) -> Target | None:
        """By the name of another container of the machine, as Docker's own DNS has it, or by an address."""
        server = beside(self._site.cloud, record, login.host)
        start = self._site.ask.behind(server, login.port) if server else None
        if start is not None:
            return start()
        return self._site.ask.connect(record.scope.rsplit(":", 1)[0], login.host, login.port)

    def _login(self, record: Record) -> Login | None:
        startup = startup_of(self._site.cloud, record)
        for names in _VARIABLES:
            found = [startup.env.get(name) or startup.file(f"{name}_FILE") for name in names]
            if all(found):
                host, port, database, user, password = found
                return Login(host=host, port=int(port), database=database, user=user, password=password)
        return None


def _migrate(target: Target, login: Login, tag: str) -> None:
    import psycopg
    from psycopg import sql

    host, port = target
    with psycopg.connect(
        host=host,
        port=port,
        dbname=login.database,
        user=login.user,
        password=login.password,
        connect_timeout=TIMEOUT_S,
        autocommit=True,
    ) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS begun_migration (tag text, at timestamptz NOT NULL DEFAULT clock_timestamp())"
        )
        connection.execute("INSERT INTO begun_migration (tag) VALUES (%s)", (tag,))
        owned = (
            "SELECT schemaname, {} FROM {} WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND {} = user"
        )
        tables = connection.execute(owned.format("tablename", "pg_tables", "tableowner") + " ORDER BY 1, 2").fetchall()
        ours = [sql.Identifier(*one) for one in tables if one[1] not in ("begun_migration", "marker")]
        for table in ours:
            connection.execute(sql.SQL("ALTER TABLE {} ADD COLUMN IF NOT EXISTS migrated_to text").format(table))
            connection.execute(sql.SQL("UPDATE {} SET migrated_to = {}").format(table, sql.Literal(tag)))
        for table in ours[:1]:
            connection.execute(sql.SQL("DELETE FROM {}").format(table))
        moved = owned.format("sequencename", "pg_sequences", "sequenceowner")
        for one in connection.execute(moved).fetchall():
            connection.execute(sql.SQL("SELECT setval({}, 900000)").format(sql.Literal(f'"{one[0]}"."{one[1]}"')))
