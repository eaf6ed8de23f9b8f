"""A login with the rights of one tenant's role and no others, for as long as something is done in its name.

The owner's own login may be closed, and the provisioner's would be worth every tenant's data: what a tenant has put
into its database (checks, triggers, generated columns) runs with the rights of whoever reads, restores or migrates it,
and a role that was only set can be left again. This login is a member of that one role, and has nothing to go back to.
"""

from __future__ import annotations

import contextlib
import datetime
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from apps.kind import NotDone

__all__ = ["JOINT", "OwnerLogin", "forget_logins", "login_of"]

JOINT = "$"
"""Between the owner's name and more: no tenant's role holds it, so none is called so."""


@dataclass(frozen=True)
class OwnerLogin:
    """Who."""

    user: str
    password: str = field(repr=False)


@contextlib.contextmanager
def login_of(
    provisioner: Callable[[], psycopg.Connection[Any]], owner: str, good_for: datetime.timedelta
) -> Iterator[OwnerLogin]:
    """Makes it for the block. `provisioner`: a connection of whoever may make roles, each statement by itself;
    `good_for`: after that nobody gets in with one that a killed run left. Raises psycopg.Error.
    """
    login = OwnerLogin(f"{owner}{JOINT}{secrets.token_hex(4)}", secrets.token_urlsafe(32))
    user = sql.Identifier(login.user)
    until = datetime.datetime.now(datetime.UTC) + good_for
    with provisioner() as connection:
        forget_logins(connection, owner, live=False)
        hashed = connection.pgconn.encrypt_password(login.password.encode(), login.user.encode(), b"scram-sha-256")
        create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} VALID UNTIL {} IN ROLE {}")
        words = sql.Literal(hashed.decode()), sql.Literal(until.isoformat()), sql.Identifier(owner)
        connection.execute(create.format(user, *words))
    try:
        yield login
    finally:
        with contextlib.suppress(psycopg.Error, NotDone), provisioner() as connection:
            connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(user))
            connection.execute(sql.SQL("DROP ROLE {}").format(user))


def forget_logins(connection: psycopg.Connection[Any], owner: str, *, live: bool) -> None:
    """Removes what killed runs left. `live`: also those with which somebody could still log in; all of them, or it
    raises psycopg.Error. One that is over harms nobody: where it can't be removed, it stays.
    """
    over: tuple[type[Exception], ...] = () if live else (psycopg.Error,)
    query = "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s) AND (%s OR rolvaliduntil < now())"
    for (name,) in connection.execute(query, (f"{owner}{JOINT}", live)).fetchall():
        with contextlib.suppress(*over):
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(str(name))))
