"""How the provider reaches Redis and PostgreSQL: handed to it as one secret JSON text each, never logged."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import redis
from pydantic import ValidationError

from apps.kind import Config, NotDone
from settings.parts import Setting

__all__ = ["Access", "as_role", "postgres", "redis_client"]

TIMEOUT_S = 15


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


def as_role(config: Config, database: str, role: str) -> dict[str, Any]:
    """The parameters of a connection that acts as a role from the start: a plain name, so nothing is quoted."""
    return {**_parameters(_access(config, "postgres"), database), "options": f"-c role={role}"}


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
