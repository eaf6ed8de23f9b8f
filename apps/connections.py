"""How the provider reaches Redis and PostgreSQL: handed to it as one secret JSON text each, never logged."""

from __future__ import annotations

import contextlib
import datetime
import json
import secrets
from collections.abc import Iterator
from typing import Any

import psycopg
import redis
from psycopg import sql
from pydantic import ValidationError

from apps.kind import Config, NotDone
from settings.parts import Setting

__all__ = ["Access", "as_owner", "postgres", "redis_client"]

TIMEOUT_S = 15
JOINT = "$"
"""Between the owner's name and more: no tenant's role holds it, so none is called so."""
GOOD_FOR = datetime.timedelta(hours=1)


class Access(Setting):
    """Where a server is, and who logs in."""

    host: str
    port: int
    user: str
    password: str
    tls: bool = False


def _access(config: Config, kind: str) -> Access:
    given = config.get(kind)
    if not given:
        raise NotDone(f"the provider was given no {kind}. Mend: {kind}=Access(…) of smarteros-apps' provider")
    try:
        return Access.model_validate(json.loads(str(given)))
    except (ValidationError, ValueError):
        raise NotDone(f"the provider's {kind} is no JSON of host, port, user and password") from None


def redis_client(config: Config) -> redis.Redis:
    """Redis, as whoever may make users."""
    access = _access(config, "redis")
    return redis.Redis(
        host=access.host,
        port=access.port,
        username=access.user,
        password=access.password,
        ssl=access.tls,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        decode_responses=True,
    )


def postgres(config: Config, database: str) -> psycopg.Connection[Any]:
    """A database of the server, each statement by itself."""
    access = _access(config, "postgres")
    try:
        return psycopg.connect(**_parameters(access, database), autocommit=True)
    except psycopg.Error as error:
        raise NotDone(f"PostgreSQL at {access.host}:{access.port} did not let {access.user} in: {error}") from None


@contextlib.contextmanager
def as_owner(config: Config, database: str, role: str) -> Iterator[dict[str, Any]]:
    """The parameters of a connection with a role's rights and no others, for the block.

    A role that was only set can be left again, also by a trigger of the tenant's that runs in the session: what is
    logged in with here is a member of that one role, and has nothing to go back to.
    """
    access = _access(config, "postgres")
    user, password = f"{role}{JOINT}{secrets.token_hex(4)}", secrets.token_urlsafe(32)
    until = datetime.datetime.now(datetime.UTC) + GOOD_FOR
    try:
        with postgres(config, "postgres") as connection:
            hashed = connection.pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256").decode()
            _without_leftovers(connection, role)
            create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} VALID UNTIL {} IN ROLE {}")
            words = sql.Literal(hashed), sql.Literal(until.isoformat()), sql.Identifier(role)
            connection.execute(create.format(sql.Identifier(user), *words))
    except psycopg.Error as error:
        raise NotDone(f"{database}: no login with the rights of {role}: {str(error).splitlines()[0]}") from None
    try:
        theirs = access.model_copy(update={"user": user, "password": password})
        yield {**_parameters(theirs, database), "options": f"-c role={role}"}
    finally:
        with contextlib.suppress(psycopg.Error, NotDone), postgres(config, "postgres") as connection:
            connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(user)))
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(user)))


def _without_leftovers(connection: psycopg.Connection[Any], role: str) -> None:
    """Removes what killed runs left, which nobody can log in with any more."""
    old = "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s) AND rolvaliduntil < now()"
    for (name,) in connection.execute(old, (f"{role}{JOINT}",)).fetchall():
        with contextlib.suppress(psycopg.Error):
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def _parameters(access: Access, database: str) -> dict[str, Any]:
    return {
        "host": access.host,
        "port": access.port,
        "user": access.user,
        "password": access.password,
        "dbname": database,
        "sslmode": "require" if access.tls else "disable",
        "connect_timeout": TIMEOUT_S,
    }
