"""A login with the rights of one tenant's role and no others, for as long as something is done in its name.

The owner's own login may be closed, and the provisioner's would be worth every tenant's data: what a tenant has put
into its database (checks, triggers, generated columns) runs with the rights of whoever reads, restores or migrates it,
and a role that was only set can be left again. This login is a member of that one role, and has nothing to go back to.
"""

from __future__ import annotations

import contextlib
import datetime
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from apps.kind import NotDone

__all__ = ["JOINT", "OwnerLogin", "forget_logins", "login_of"]

JOINT = "$"
"""Between the owner's name and more: no tenant's role holds it, so none is called so."""
SWEPT_WITHIN = datetime.timedelta(minutes=5)
_PLAIN = "-c search_path=pg_catalog -c statement_timeout=60s -c lock_timeout=10s -c default_transaction_read_only=off"
"""What a tenant has set for its database does not count."""
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
def login_of(
    provisioner: Callable[[], psycopg.Connection[Any]], owner: str, good_for: datetime.timedelta
) -> Iterator[OwnerLogin]:
    """Makes it for the block. `provisioner`: a connection of whoever may make roles, each statement by itself;
    `good_for`: after that nobody gets in with one that a killed run left. Raises psycopg.Error.

    What runs in its session may change its password: whoever opens a second connection makes a second login.
    """
    with provisioner() as connection:
        forget_logins(connection, owner, live=False)
        login = _made(connection, owner, [owner], good_for)
    try:
        yield login
    finally:
        with contextlib.suppress(psycopg.Error, NotDone), provisioner() as connection:
            _remove(connection, owner, login.user)


def forget_logins(connection: psycopg.Connection[Any], owner: str, *, live: bool) -> None:
    """Removes what killed runs left. `live`: also those with which somebody could still log in; all of them, or it
    raises psycopg.Error. One that is over harms nobody: where it can't be removed, it stays.
    """
    over: tuple[type[Exception], ...] = () if live else (psycopg.Error,)
    query = "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s) AND (%s OR rolvaliduntil < now())"
    for (name,) in connection.execute(query, (f"{owner}{JOINT}", live)).fetchall():
        with contextlib.suppress(*over):
            _remove(connection, owner, str(name))


def _made(
    connection: psycopg.Connection[Any], owner: str, roles: Sequence[str], good_for: datetime.timedelta
) -> OwnerLogin:
    login = OwnerLogin(f"{owner}{JOINT}{secrets.token_hex(4)}", secrets.token_urlsafe(32))
    until = datetime.datetime.now(datetime.UTC) + good_for
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
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (name,))
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
    sweeper = _made(connection, owner, [owner, name], SWEPT_WITHIN)
    try:
        for (database,) in found:
            theirs = {"user": sweeper.user, "password": sweeper.password, "dbname": database, "options": _PLAIN}
            with psycopg.connect(**{**connection.info.get_parameters(), **theirs}, autocommit=True) as there:
                if database == owner:
                    words = sql.Identifier(name), sql.Identifier(owner)
                    there.execute(sql.SQL("REASSIGN OWNED BY {} TO {}").format(*words))
                there.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(sql.Identifier(name)))
    finally:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(sweeper.user)))
