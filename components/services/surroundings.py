"""What a service may know of the environment in which it is declared, and what it tells others of itself.

The system makes one and hands it to each service in turn: a service asks it for its place, its database, its secrets
and the addresses of others, and never for where any of them runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pulumi import Input, Output, ProviderResource, Resource, ResourceOptions

from components.placements import DatabaseServer, Placement
from components.services.postgres import Database, DatabaseArgs
from components.services.redis import RedisLogin, RedisServer
from components.workload import Workload
from settings import Settings
from settings.parts import OnAzure, OnDocker, OnR2
from settings.wiring import address_of, calls_between

__all__ = ["HandedAccounts", "Surroundings", "Wires"]


@dataclass(frozen=True, kw_only=True)
class Wires:
    """A service's ends of the calls that are declared in settings.wiring: plain environment, and files with secrets."""

    env: Mapping[str, str]
    secret_files: Mapping[str, Input[str]]


@dataclass(frozen=True, kw_only=True)
class HandedAccounts:
    """What a service is handed of outside accounts: of those that name it, and nothing of any other.

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


def _file_of(variable: str) -> str:
    return variable.lower().replace("_", "-")


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The environment, as services see it."""

    system: Resource
    settings: Settings
    placement: Callable[[OnAzure | OnDocker | OnR2], Placement]
    """The place that the settings ask for."""
    cloud: list[ProviderResource]
    docker: Mapping[str, ProviderResource]
    servers: Mapping[str, DatabaseServer]
    administrators: Mapping[str, ProviderResource]
    """Of each database server, the provider that makes databases on it."""
    urls: dict[str, Output[str]] = field(default_factory=dict)
    """Service → its public address; each adds its own."""
    redis: dict[str, RedisServer] = field(default_factory=dict)
    """Host → the Redis on it."""

    def inside(self, where: OnAzure | OnDocker | OnR2 | None = None, *more: ProviderResource) -> ResourceOptions:
        """Options of a service: the system's child, with the providers of the place where it runs."""
        host = [self.docker[where.host]] if isinstance(where, OnDocker) else []
        return ResourceOptions(parent=self.system, providers=[*self.cloud, *host, *more])

    def on_server(self, server: str) -> ResourceOptions:
        """Options of what is made on a database server."""
        return self.inside(None, self.administrators[server])

    def database(self, name: str, server: str, *extensions: str) -> Database:
        """A service's own database, called as the service is."""
        wanted = DatabaseArgs(
            server=self.servers[server],
            database=name.replace("-", "_"),
            extensions=extensions,
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

    def redis_login(self, service: str, where: OnDocker) -> RedisLogin:
        """How a service logs in at the Redis of its host."""
        return self.redis[where.host].login(service)

    def wires(self, service: str) -> Wires:
        """What a service is told of the calls that it makes and answers. A caller gets address and identity; both ends
        the secret, as the file that `SMOS_<CALL>_HMAC_FILE` names.
        """
        running = {key for key, _ in self.settings.services.running()}
        env: dict[str, str] = {}
        files: dict[str, Input[str]] = {}
        for call in calls_between(running):
            if service not in (call.caller, call.callee):
                continue
            prefix, file = f"SMOS_{call.name.upper()}", f"smos-{call.name}-hmac"
            env[f"{prefix}_HMAC_FILE"] = f"{Workload.SECRETS_FOLDER}/{file}"
            files[file] = self.secret(call.secret)
            if service == call.caller:
                env[f"{prefix}_URL"] = address_of(self.settings, call.callee, service) + call.path
                env[f"{prefix}_IDENTITY"] = f"{call.caller}@{self.settings.domain}"
        return Wires(env=env, secret_files=files)
