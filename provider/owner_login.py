"""A login with the rights of one tenant's role and no others, for as long as something is done in its name.

The owner's own login may be closed, and the provisioner's would be worth every tenant's data: what a tenant has put
into its database (checks, triggers, generated columns) runs with the rights of whoever reads, restores or migrates it,
and a role that was only set can be left again. This login is a member of that one role, and has nothing to go back to.
"""

from __future__ import annotations

import contextlib
import datetime
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from provider.resource_type import ProviderError
from provider.time_limits import EXPORT, QUESTION, Limits, connected

__all__ = ["JOINT", "OwnerLogin", "forget_logins", "login_of"]

JOINT = "$"
"""Between the owner's name and more: no tenant's role holds it, so none is called so."""
GOOD_FOR = datetime.timedelta(minutes=2)
"""Within it who was made a login connects; after it nobody gets in with one that a killed run left."""
_END = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s"
# Whoever's they are. With an open session somebody may still be at it, for as long as any work may take.
_LEFT = """
SELECT rolname FROM pg_roles WHERE rolname ~ %s AND rolvaliduntil < now() AND (
rolvaliduntil < now() - make_interval(secs => %s)
OR NOT EXISTS (SELECT FROM pg_stat_activity WHERE usename = rolname))
"""
_CALLED = r"^[a-z][a-z0-9_]*\$[0-9a-f]+$"
_DEPENDENT = """
SELECT DISTINCT coalesce(b.datname, 'postgres') FROM pg_shdepend d LEFT JOIN pg_database b ON b.oid = d.dbid
WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = (SELECT oid FROM pg_roles WHERE rolname = %s)
"""


@dataclass(frozen=True)
class OwnerLogin:
    """A role that can log in, until when it was made for."""

    user: str
    password: str = field(repr=False)


@contextlib.contextmanager
def login_of(provisioner: Callable[[], psycopg.Connection[Any]], owner: str, limits: Limits) -> Iterator[OwnerLogin]:
    """Makes it for the block. `provisioner`: a connection of whoever may make roles, each statement by itself. When the
    time of `limits` for the whole is over, its sessions are ended from outside. Raises psycopg.Error.

    What runs in its session may change its password: whoever opens a second connection makes a second login.
    """
    with provisioner() as connection:
        forget_logins(connection)
        login = _made(connection, owner, [owner])
    over = threading.Event()
    watch = threading.Timer(limits.whole_s, _end_sessions, (provisioner, login.user, over))
    watch.daemon = True
    watch.start()
    try:
        yield login
    except psycopg.Error:
        if over.is_set():
            raise psycopg.errors.QueryCanceled(f"not done after {limits.whole_s} s, and ended") from None
        raise
    finally:
        watch.cancel()
        with contextlib.suppress(psycopg.Error, ProviderError), provisioner() as connection:
            _remove(connection, owner, login.user)


def forget_logins(connection: psycopg.Connection[Any], owner: str = "") -> None:
    """Removes what killed runs left, of whatever tenant: by whoever comes next. One that is over harms nobody: where it
    can't be removed, it stays. Of an `owner`: every one of its, also those with which somebody could still log in, or
    it raises psycopg.Error.
    """
    if owner:
        query = "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)"
        for (name,) in connection.execute(query, (f"{owner}{JOINT}",)).fetchall():
            _remove(connection, owner, str(name))
        return
    for (name,) in connection.execute(_LEFT, (_CALLED, EXPORT.whole_s)).fetchall():
        with contextlib.suppress(psycopg.Error):
            _remove(connection, str(name).partition(JOINT)[0], str(name))


def _end_sessions(provisioner: Callable[[], psycopg.Connection[Any]], name: str, over: threading.Event) -> None:
    """What a function that catches the end of its own statement does not survive."""
    over.set()
    with contextlib.suppress(psycopg.Error, ProviderError), provisioner() as connection:
        connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(name)))
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(name)))
        connection.execute(_END, (name,))


def _made(connection: psycopg.Connection[Any], owner: str, roles: Sequence[str]) -> OwnerLogin:
    login = OwnerLogin(f"{owner}{JOINT}{secrets.token_hex(4)}", secrets.token_urlsafe(32))
    row = connection.execute("SELECT now()").fetchone()
    until = (row or (datetime.datetime.now(datetime.UTC),))[0] + GOOD_FOR  # by the server's own clock
    hashed = connection.pgconn.encrypt_password(login.password.encode(), login.user.encode(), b"scram-sha-256")
    create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} VALID UNTIL {} IN ROLE {}")
    members = sql.SQL(", ").join(map(sql.Identifier, roles))
    words = sql.Literal(hashed.decode()), sql.Literal(until.isoformat()), members
    connection.execute(create.format(sql.Identifier(login.user), *words))
    return login


def _remove(connection: psycopg.Connection[Any], owner: str, name: str) -> None:
    """With whatever foreign code has done in its session: left a session open, made or been given something."""
    user = sql.Identifier(name)
    connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(user))
    sessions = connection.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s", (name,)).fetchall()
    if sessions:
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(user))  # who ends a session needs its rights
        connection.execute(_END, (name,))
    try:
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(user))
    except psycopg.errors.DependentObjectsStillExist:
        _give_back(connection, owner, name)
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(user))


def _give_back(connection: psycopg.Connection[Any], owner: str, name: str) -> None:
    """What a login has made becomes the owner's in the owner's database and goes in others; what it was given goes.
    By another login, which no foreign code has seen.
    """
    found = connection.execute(_DEPENDENT, (name,)).fetchall()
    sweeper = _made(connection, owner, [owner, name])
    try:
        for (database,) in found:
            theirs = {"user": sweeper.user, "password": sweeper.password, "dbname": database, "autocommit": True}
            with connected({**connection.info.get_parameters(), **theirs}, QUESTION) as there:
                if database == owner:
                    words = sql.Identifier(name), sql.Identifier(owner)
                    there.execute(sql.SQL("REASSIGN OWNED BY {} TO {}").format(*words))
                there.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(sql.Identifier(name)))
    finally:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(sweeper.user)))
