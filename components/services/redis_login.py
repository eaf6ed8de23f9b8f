"""How a service finds the Redis of its host and logs in there. Who its users are and what they may do: redis_users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Output

from components.secrecy import secret

__all__ = ["PORT", "RedisLogin", "RedisServer"]

PORT = 6379


@dataclass(frozen=True, kw_only=True)
class RedisLogin:
    """How one service logs in."""

    host: Output[str]
    port: int
    user: str
    password: Output[str]

    @property
    def url(self) -> Output[str]:
        """All of it in one, for clients that take no user apart: a secret."""
        return secret(Output.concat("redis://", self.user, ":", self.password, "@", self.host, f":{self.port}"))


@dataclass(frozen=True, kw_only=True)
class RedisServer:
    """A Redis, as those beside it see it."""

    host: Output[str]
    passwords: Mapping[str, Output[str]]

    def login(self, service: str) -> RedisLogin:
        """The login of a service that the settings know to need Redis."""
        return RedisLogin(host=self.host, port=PORT, user=service, password=self.passwords[service])
