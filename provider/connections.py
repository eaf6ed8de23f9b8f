"""How the provider reaches Redis and PostgreSQL: handed to it as one secret JSON text each, never logged.

The clients are imported when they are used: a run that changes nothing has no need of them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from provider.resource_type import Config, ProviderError
from provider.time_limits import MIGRATION, QUESTION, connected, postgres_parameters, redis_limits
from settings.parts import Setting

if TYPE_CHECKING:
    import psycopg
    import redis

__all__ = ["Access", "as_owner", "postgres", "redis_client", "refuses"]


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
        raise ProviderError(f"the provider was given no {kind}. Fix: {kind}=Access(…) of smarteros-apps' provider")
    try:
        return Access.model_validate(json.loads(str(given)))
    except (ValidationError, ValueError):
        raise ProviderError(f"the provider's {kind} is no JSON of host, port, user and password") from None


def redis_client(config: Config) -> redis.Redis:
    """Redis, as whoever may make users."""
    import redis

    access = _access(config, "redis")
    return redis.Redis(
        host=access.host,
        port=access.port,
        username=access.user,
        password=access.password,
        ssl=access.tls,
        decode_responses=True,
        **redis_limits(),
    )


def postgres(config: Config, database: str) -> psycopg.Connection[Any]:
    """A database of the server, each statement by itself."""
    import psycopg

    access = _access(config, "postgres")
    try:
        return connected({**_where(access, database), "autocommit": True}, QUESTION)
    except psycopg.Error as error:
        raise ProviderError(
            f"PostgreSQL at {access.host}:{access.port} did not let {access.user} in: {error}"
        ) from None


def refuses(config: Config, database: str, role: str, password: str) -> bool:
    """Whether the server says that this is not the role's password; other reasons to let nobody in are no answer."""
    import psycopg

    access = _access(config, "postgres").model_copy(update={"user": role, "password": password})
    try:
        connected(_where(access, database), QUESTION).close()
    except psycopg.Error as error:
        return "password authentication failed" in str(error)
    return False


@contextlib.contextmanager
def as_owner(config: Config, database: str, role: str) -> Iterator[dict[str, Any]]:
    """The parameters of a connection with a role's rights and no others, for the block."""
    import psycopg

    from provider.owner_login import login_of

    access = _access(config, "postgres")
    with contextlib.ExitStack() as stack:
        try:
            login = stack.enter_context(login_of(lambda: postgres(config, "postgres"), role, MIGRATION))
        except psycopg.Error as error:
            raise ProviderError(
                f"{database}: no login with the rights of {role}: {str(error).splitlines()[0]}"
            ) from None
        theirs = access.model_copy(update={"user": login.user, "password": login.password})
        more = {"search_path": "public"}
        yield {**_where(theirs, database), **postgres_parameters(MIGRATION, role=role, more=more)}


def _where(access: Access, database: str) -> dict[str, Any]:
    return {
        "host": access.host,
        "port": access.port,
        "user": access.user,
        "password": access.password,
        "dbname": database,
        "sslmode": "require" if access.tls else "disable",
    }
