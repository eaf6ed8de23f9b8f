"""What a service may know of the environment in which it is declared, and what it tells others of itself.

The system makes one and hands it to each service in turn: a service asks it for its place, its database, its secrets
and the addresses of others, and never for where any of them runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pulumi import Input, Output, ProviderResource, Resource, ResourceOptions

from components.placements import DatabaseServer, Places, RunsContainers
from components.services.postgres import CONNECTION_LIMIT, Database, DatabaseArgs
from components.services.redis_login import RedisLogin, RedisServer
from components.workload import Workload
from settings import Settings
from settings.capacity import connections_held
from settings.places import ContainerPlace, Place
from settings.wiring import calls_of, identity_of, private_networks, url_of

__all__ = ["Handed", "HandedAccounts", "Surroundings", "Wires"]


@dataclass(frozen=True, kw_only=True)
class Handed:
    """What a service is handed of what is not its own.

    Software that reads files takes `env` and `secret_files`; software that does not, `plain` as its environment and
    `keys` as its secrets. Software with names of its own picks its values from `plain` and `keys`.
    """

    plain: Mapping[str, str]
    """Variable → value: models, addresses, ids."""
    keys: Mapping[str, Input[str]]
    """Variable → key."""

    @property
    def env(self) -> dict[str, str]:
        """What is plain, and where each key is: OPENAI_API_KEY_FILE names the file."""
        return {
            **self.plain,
            **{f"{name}_FILE": f"{Workload.SECRETS_FOLDER}/{_file_of(name)}" for name in self.keys},
        }

    @property
    def secret_files(self) -> dict[str, Input[str]]:
        """The files that `env` names."""
        return {_file_of(name): value for name, value in self.keys.items()}


@dataclass(frozen=True, kw_only=True)
class HandedAccounts(Handed):
    """What a service is handed of outside accounts: of those that name it, and nothing of any other."""


@dataclass(frozen=True, kw_only=True)
class Wires(Handed):
    """A service's ends of the calls that are declared in settings.wiring."""

    private_networks: tuple[str, ...]
    """Into which private networks its own calls go; software that shuns all private addresses must be told of them."""


def _file_of(variable: str) -> str:
    return variable.lower().replace("_", "-")


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The environment, as services see it."""

    system: Resource
    settings: Settings
    places: Places
    """Where everything is."""
    servers: Mapping[str, DatabaseServer]
    administrators: Mapping[str, ProviderResource]
    """Of each database server, the provider that makes databases on it."""
    provisioners: Mapping[str, Resource]
    """Of each database server, the role that makes tenants' databases on it."""
    urls: dict[str, Output[str]] = field(default_factory=dict)
    """Service → its public address; each adds its own."""
    blobs: list[Output[dict[str, str]]] = field(default_factory=list)
    """How tenants make containers in the blob storage; none where there is none."""
    redis: dict[str, RedisServer] = field(default_factory=dict)
    """Private network → the Redis in it."""

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
            plain={variable: value for account in handed for variable, value in account.told().items()},
            keys={key.variable: self.secret(key.secret.name) for account in handed for key in account.secrets},
        )

    def redis_login(self, service: str, where: ContainerPlace) -> RedisLogin:
        """How a service logs in at the Redis beside it."""
        return self.redis[str(where.private_network)].login(service)

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
