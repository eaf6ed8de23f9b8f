"""The guard as prod declares it, at work on a real PostgreSQL with tenants: its database and functions as its
migrations make them, its container's own command as the sandbox runs it.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import psycopg

from components.services.guard import DATABASE, ROLE
from components.services.postgres import PROVISIONER
from provider.migration_files import latest
from provider.migrations import MIGRATIONS, MigrationsInputs
from sandbox.docker.server.process import Startup
from sandbox.postgresql.server.clients import PostgresClient
from sandbox.postgresql.server.clusters import ADDRESS
from tenants.names import TenantNames
from tests.components.declared import platform, resolved
from tests.isolation.neighbours import Neighbours

__all__ = ["GuardAtWork", "guarded", "within"]

PASSWORD = "of-the-guard-Passw0rd"


class GuardAtWork:
    """What it has said so far, and its container."""

    def __init__(self, process: PostgresClient, log: Path) -> None:
        self.process, self._log = process, log

    def said(self) -> str:
        """Its log."""
        return self._log.read_text(encoding="utf-8")


@cache
def _container() -> dict[str, Any]:
    return next(resolved(one.inputs) for one in platform() if one.name == "guard-container")


@contextlib.contextmanager
def guarded(server: Neighbours, folder: Path, *, every_s: float = 0.5) -> Iterator[GuardAtWork]:
    """It looks more often than prod's, at the disk each time; all else is as declared."""
    _functions(server)
    container = _container()
    environment = dict(str(one).split("=", 1) for one in container["envs"])
    environment |= {"PGHOST": ADDRESS, "PGPORT": str(server.cluster.port), "PGSSLMODE": "disable"}
    command = [
        str(word).replace("sleep 5", f"sleep {every_s}").replace("% 6", "% 1") for word in container["entrypoints"]
    ]
    assert command != container["entrypoints"]
    process = PostgresClient(
        folder / "client",
        Startup(
            command=command,
            health=container["healthcheck"]["tests"],
            environment=environment,
            mounts={"/run/secrets": folder / "secrets", "/tmp": folder / "scratch"},  # noqa: S108 - the container's
            files={"/run/secrets/pgpass": f"*:*:*:*:{PASSWORD}"},
        ),
    )
    try:
        yield GuardAtWork(process, folder / "client" / "psql.log")
    finally:
        process.close()


def _functions(server: Neighbours) -> None:
    with psycopg.connect(**server.parameters(server.admin, "postgres"), autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (ROLE,)).fetchone():
            return
        for statement in (
            f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}' CONNECTION LIMIT 3",
            f"GRANT {PROVISIONER} TO {server.admin}",
            f"CREATE DATABASE {DATABASE} OWNER {PROVISIONER} TEMPLATE template0",
            f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {DATABASE} TO {ROLE}",
        ):
            connection.execute(cast(Any, statement))
    login = server.parameters(server.admin, "postgres")
    access = {key: login[key] for key in ("host", "port", "user", "password")}
    wanted = {"database": DATABASE, "role": PROVISIONER, "set": "guard", "version": latest("guard")}
    MIGRATIONS.handler.create({"postgres": json.dumps(access)}, MigrationsInputs.model_validate(wanted))


def limit(server: Neighbours, slug: str, **limits: int) -> None:
    """What a tenant may use, as its steps say it."""
    with server.provisioner() as connection:
        comment = f"smarteros {json.dumps(limits)}"
        connection.execute(cast(Any, f"COMMENT ON ROLE {TenantNames(slug).database} IS '{comment}'"))


def within(seconds: float, done: Callable[[], bool]) -> bool:
    """Whether it is so before the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if done():
            return True
        time.sleep(0.1)
    return False
