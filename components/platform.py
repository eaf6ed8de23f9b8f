"""The platform of an environment, whichever system it runs: providers, places, database servers, DNS, and its services.

Which services there are, its system's settings say; what declares each is its module in components.services. Each is
declared once, when its turn comes or when another asks for what it makes; what all of them return is merged here. Which
of it others may know is in components.platform_outputs. It is no component of its own: what is made here are the
system's children.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

from pulumi import Output, ProviderResource, Resource, ResourceOptions, log

from components.placements import DatabaseServer
from components.placements.chosen import MadePlaces
from components.platform_outputs import outputs_of, takes_domains
from components.services.context import Declare, ServiceContext, ServiceOutputs
from components.services.dns import Dns, DnsArgs
from components.services.modules import declares
from components.services.postgres import (
    PostgresServer,
    PostgresServerArgs,
    Provisioner,
    ProvisionerArgs,
    postgres_provider,
    template_closed,
)
from components.services.redis_login import RedisServer
from settings import Settings
from settings.addresses import EDGE
from settings.model import S_co

__all__ = ["Platform", "SystemArgs"]


@dataclass(frozen=True, kw_only=True)
class SystemArgs(Generic[S_co]):
    """What a system is told: the settings of the environment, with its services among them."""

    settings: Settings[S_co]


class Platform:
    """What every system has, made as children of the system's component."""

    def __init__(self, system: Resource, settings: Settings, own: Mapping[str, Declare] | None = None) -> None:
        """`own`: service → what declares it, where that is no module of components.services."""
        self._system, self._settings, own = system, settings, own or {}
        found = declares(key for key, _ in settings.services.running() if key not in own)
        self._services: Mapping[str, Declare] = {**found, **own}
        self._made: dict[str, ServiceOutputs] = {}
        self._begun: list[str] = []
        self._places = MadePlaces(settings, system)
        self._servers = {server.name: self._database_server(server.name) for server in settings.database_servers}
        administrators = {key: self._databases_provider(server) for key, server in self._servers.items()}
        for key, administrator in administrators.items():
            if self._servers[key].admin_is_superuser:
                template_closed(f"template-{key}-closed", ResourceOptions(parent=system, provider=administrator))
        self._context = ServiceContext(
            system=system,
            settings=settings,
            places=self._places,
            servers=self._servers,
            administrators=administrators,
            provisioners={key: self._provisioner(key, provider) for key, provider in administrators.items()},
            redis_in=self._redis_in,
        )
        self._name_hosts()
        for key, _ in settings.services.running():
            self._declared(key)

    def outputs(self, **own: Any) -> Output[dict[str, Any]]:
        """What others may know of the platform: no secret is in it. `own`: what its system adds."""
        return Output.from_input(outputs_of(self._settings, self._servers, self._made) | own)

    def _declared(self, key: str) -> ServiceOutputs:
        """What a service made; declared first, where it was not yet."""
        if key in self._begun:
            if key not in self._made:
                circle = " → ".join([*self._begun[self._begun.index(key) :], key])
                raise RuntimeError(f"services ask for each other in a circle: {circle}")
            return self._made[key]
        self._begun.append(key)
        wanted = getattr(self._settings.services, key)
        if wanted.notice:
            log.warn(wanted.notice)
        self._made[key] = self._services[key](self._context, wanted)
        return self._made[key]

    def _redis_in(self, network: str) -> RedisServer:
        """The Redis of a private network; the checks of the settings made sure that there is one."""
        wanted = self._settings.services.redis
        found = self._declared("redis").redis if wanted and wanted.placement.private_network == network else None
        if found is None:
            raise RuntimeError(f"no Redis is in the private network {network}")
        return found

    def _database_server(self, name: str) -> DatabaseServer:
        where = self._settings.database_server(name).placement
        return PostgresServer(
            f"postgres-{name}",
            PostgresServerArgs(
                placement=self._places.postgres(where),
                server=name,
                admin_password=self._settings.secrets.database_admin_passwords[name],
            ),
            self._places.inside(where),
        ).server

    def _databases_provider(self, server: DatabaseServer) -> ProviderResource:
        return postgres_provider(
            f"databases-{server.name}",
            server,
            self._settings.secrets.database_admin_passwords[server.name],
            ResourceOptions(parent=self._system),
        )

    def _provisioner(self, server: str, administrator: ProviderResource) -> Provisioner:
        return Provisioner(
            f"provisioner-{server}",
            ProvisionerArgs(password=self._settings.secrets.database_provisioner_passwords[server]),
            ResourceOptions(parent=self._system, providers=[administrator]),
        )

    def _name_hosts(self) -> None:
        """The names that lead to a host, and what the zone is told, where there is one."""
        settings, zone = self._settings, self._settings.cloudflare
        if zone is not None:
            dns = DnsArgs(
                zone_id=zone.zone_id,
                sets_zone=not settings.standby,
                addresses=self._addresses(),
                fallback_origin=settings.fqdn(EDGE) if takes_domains(settings) else "",
            )
            Dns("dns", dns, self._places.inside())

    def _addresses(self) -> dict[str, str]:
        proxy = self._settings.services.traefik
        if proxy is None:
            return {}
        names = [EDGE, proxy.hostname] if proxy.hostname != "*" or self._settings.has_wildcard else [EDGE]
        address = self._settings.remote_host(proxy.placement.host).address
        return {self._settings.fqdn(name): address for name in names}
