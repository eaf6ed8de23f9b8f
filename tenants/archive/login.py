"""A login to one tenant's database for as long as an archive is made or put back, with the owner's rights alone.

The owner's own login may be closed, and the provisioner's would be worth every tenant's data: what a tenant has put
into its database (checks, casts, generated columns) runs with the rights of whoever reads or restores it, and a role
that was only set can be left again. This one has nothing to go back to.
"""

from __future__ import annotations

import contextlib
import datetime
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from tenants.archive.manifest import ArchiveBroken
from tenants.platform import Server

__all__ = ["JOINT", "Login", "forget_logins", "login_to"]

JOINT = "$"
"""Between the owner's name and more: no slug holds it, so no tenant's role is called so."""
GOOD_FOR = datetime.timedelta(hours=12)


@dataclass(frozen=True)
class Login:
    """Who."""

    user: str
    password: str = field(repr=False)


@contextlib.contextmanager
def login_to(server: Server, provisioner_password: str, owner: str) -> Iterator[Login]:
    """Makes it for the block, first removing one that a killed run left. Raises ArchiveBroken."""
    login = Login(f"{owner}{JOINT}archive", secrets.token_urlsafe(32))
    user, role = sql.Identifier(login.user), sql.Identifier(owner)
    until = datetime.datetime.now(datetime.UTC) + GOOD_FOR
    try:
        with _provisioner(server, provisioner_password) as connection:
            hashed = connection.pgconn.encrypt_password(login.password.encode(), login.user.encode(), b"scram-sha-256")
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(user))
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} VALID UNTIL {} IN ROLE {}").format(
                    user, sql.Literal(hashed.decode()), sql.Literal(until.isoformat()), role
                )
            )
    except psycopg.Error as error:
        raise ArchiveBroken(f"PostgreSQL {server.name}: no login to {owner}: {str(error).splitlines()[0]}") from None
    try:
        yield login
    finally:
        with contextlib.suppress(psycopg.Error), _provisioner(server, provisioner_password) as connection:
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(user))


def forget_logins(server: Server, provisioner_password: str, owner: str) -> None:
    """Removes every login of this kind to a tenant's database that killed runs left. Raises ArchiveBroken."""
    try:
        with _provisioner(server, provisioner_password) as connection:
            query = "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)"
            for (name,) in connection.execute(query, (f"{owner}{JOINT}",)).fetchall():
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(str(name))))
    except psycopg.Error as error:
        raise ArchiveBroken(f"PostgreSQL {server.name}: {owner}: {str(error).splitlines()[0]}") from None


def _provisioner(server: Server, password: str) -> psycopg.Connection[tuple[object, ...]]:
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
