"""The login to one tenant's database with which an archive is made or put back."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import psycopg

from provider import owner_login
from provider.owner_login import OwnerLogin
from provider.time_limits import EXPORT, connected
from tenants.archive.manifest import ArchiveBroken
from tenants.platform import Server

__all__ = ["forget_logins", "login_to", "provisioner", "reporting_refusals"]


@contextlib.contextmanager
def login_to(server: Server, provisioner_password: str, owner: str) -> Iterator[OwnerLogin]:
    """Makes it for the block. Raises ArchiveBroken."""
    with contextlib.ExitStack() as stack:
        with reporting_refusals(server, f"no login to {owner}"):
            connect = functools.partial(provisioner, server, provisioner_password)
            login = stack.enter_context(owner_login.login_of(connect, owner, EXPORT))
        yield login


def forget_logins(server: Server, provisioner_password: str, owner: str) -> None:
    """Removes every login of this kind to a tenant's database that killed runs left. Raises ArchiveBroken."""
    with reporting_refusals(server, owner), provisioner(server, provisioner_password) as connection:
        owner_login.forget_logins(connection, owner)


@contextlib.contextmanager
def reporting_refusals(server: Server, what: str) -> Iterator[None]:
    """What PostgreSQL refuses in the block becomes ArchiveBroken."""
    try:
        yield
    except psycopg.Error as error:
        raise ArchiveBroken(f"PostgreSQL {server.name}: {what}: {str(error).splitlines()[0]}") from None


def provisioner(server: Server, password: str, database: str = "postgres") -> psycopg.Connection[Any]:
    """Who makes tenants' roles. In a tenant's database only for what runs none of the tenant's code."""
    where = {
        "host": "127.0.0.1",
        "port": server.local_port,
        "user": server.login,
        "password": password,
        "dbname": database,
        "sslmode": server.sslmode,
        "autocommit": True,
    }
    return connected(where, role=server.provisioner)
