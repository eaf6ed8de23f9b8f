"""The login to one tenant's database with which an archive is made or put back."""

from __future__ import annotations

import contextlib
import datetime
import functools
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

from apps import owner_login
from apps.owner_login import OwnerLogin
from tenants.archive.manifest import ArchiveBroken
from tenants.platform import Server

__all__ = ["forget_logins", "login_to"]

GOOD_FOR = datetime.timedelta(hours=12)


@contextlib.contextmanager
def login_to(server: Server, provisioner_password: str, owner: str) -> Iterator[OwnerLogin]:
    """Makes it for the block. Raises ArchiveBroken."""
    with contextlib.ExitStack() as stack:
        with _told(server, f"no login to {owner}"):
            connect = functools.partial(_provisioner, server, provisioner_password)
            login = stack.enter_context(owner_login.login_of(connect, owner, GOOD_FOR))
        yield login


def forget_logins(server: Server, provisioner_password: str, owner: str) -> None:
    """Removes every login of this kind to a tenant's database that killed runs left. Raises ArchiveBroken."""
    with _told(server, owner), _provisioner(server, provisioner_password) as connection:
        owner_login.forget_logins(connection, owner, live=True)


@contextlib.contextmanager
def _told(server: Server, what: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise ArchiveBroken(f"PostgreSQL {server.name}: {what}: {str(error).splitlines()[0]}") from None


def _provisioner(server: Server, password: str) -> psycopg.Connection[Any]:
    connection = psycopg.connect(
        host="127.0.0.1",
        port=server.local_port,
        user=server.login,
        password=password,
        dbname="postgres",
        sslmode=server.sslmode,
        autocommit=True,
    )
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(server.provisioner)))
    return connection
