"""What a service is given to declare itself with, and what it gives back.

A service asks the context for its place, its database, its secrets and the addresses of others, and never for where any
of them runs. What it makes it returns: components.platform merges what all of them return, in whatever order they are
declared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi import Input, Output, ProviderResource, Resource, ResourceOptions

from components.placements import DatabaseServer, Places, RunsContainers
from components.services.handed import HandedAccounts, Wires
from components.services.postgres import CONNECTION_LIMIT, Database, DatabaseArgs
from components.services.redis_login import RedisLogin, RedisServer
from settings import Settings
from settings.capacity import connections_held
from settings.places import ContainerPlace, Place
from settings.wiring import calls_of, identity_of, private_networks, url_of

__all__ = ["Declare", "ServiceContext", "ServiceOutputs"]


@dataclass(frozen=True, kw_only=True)
class ServiceOutputs:
    """What a service made, as far as others may use it. Most have an address at the most."""

    url: Output[str] | None = None
    """Where the public finds it."""
    redis: RedisServer | None = None
    """The Redis that it is to the services of its host."""
    blobs: Output[dict[str, str]] | None = None
    """How tenants make containers in it, where it is a blob storage."""


@dataclass(frozen=True, kw_only=True)
class ServiceContext:
    """The environment, as services see it. Nobody writes into it."""

    system: Resource
    settings: Settings
    places: Places
    """Where everything is."""
    servers: Mapping[str, DatabaseServer]
    administrators: Mapping[str, ProviderResource]
    """Of each database server, the provider that makes databases on it."""
    provisioners: Mapping[str, Resource]
    """Of each database server, the role that makes tenants' databases on it."""
    redis_in: Callable[[str], RedisServer]
    """Private network → the Redis in it: whoever asks first has it declared."""

    def placement(self, where: ContainerPlace) -> RunsContainers:
        """The place that the settings ask for."""
        return self.places.containers(where)

    def inside(self, where: Place | None = None, *more: ProviderResource) -> ResourceOptions:
        """Options of a service: the system's child, with the providers of the place where it runs."""
        return self.places.inside(where, *more)

    def on_server(self, server: str) -> ResourceOptions:
        """Options of what is made on a database server."""
        return self.inside(None, self.administrators[server])

    def database(self, name: str, server: str, *extensions: str) -> Database:
        """A service's own database, called as the service is."""
        service = getattr(self.settings.services, name, None)
        wanted = DatabaseArgs(
            server=self.servers[server],
            database=name.replace("-", "_"),
            extensions=extensions,
            connection_limit=max(CONNECTION_LIMIT, connections_held(service) if service else 0),
            protect=self.settings.protect,
        )
        return Database(f"{name}-db", wanted, self.on_server(server))

    def secret(self, name: str) -> Output[str]:
        """A secret that a service calls for in the settings."""
        return self.settings.secrets.of_services[name]

    def accounts(self, service: str) -> HandedAccounts:
        """What a service is handed of outside accounts. Its settings say `takes_accounts`, or none may name it."""
        handed = [account for _, account in self.settings.accounts_named() if service in account.services]
        return HandedAccounts(
            plain={variable: value for account in handed for variable, value in account.plain_env().items()},
            keys={key.variable: self.secret(key.secret.name) for account in handed for key in account.secrets},
        )

    def redis_login(self, service: str, where: ContainerPlace) -> RedisLogin:
        """How a service logs in at the Redis beside it."""
        return self.redis_in(str(where.private_network)).login(service)

    def wires(self, service: str) -> Wires:
        """What a service is told of the calls that it makes and answers: a caller gets SMOS_<CALL>_URL and _IDENTITY,
        both ends _HMAC; whoever calls Botpress Cloud, _TOKEN too.
        """
        plain: dict[str, str] = {}
        keys: dict[str, Input[str]] = {}
        for call in calls_of(self.settings):
            prefix = f"SMOS_{call.name.upper()}"
            if service in (call.caller, call.callee):
                keys[f"{prefix}_HMAC"] = self.secret(call.secret)
            if service == call.caller:
                plain[f"{prefix}_URL"] = url_of(self.settings, call)
                plain[f"{prefix}_IDENTITY"] = identity_of(self.settings, call)
                elsewhere = getattr(self.settings.services, call.callee).elsewhere
                if elsewhere is not None:
                    keys[f"{prefix}_TOKEN"] = self.secret(elsewhere.token)
        return Wires(plain=plain, keys=keys, private_networks=private_networks(self.settings, service))


Declare = Callable[[ServiceContext, Any], ServiceOutputs]
"""A service's own function: what the settings want of it → what it made. Each wants its own kind of settings."""
