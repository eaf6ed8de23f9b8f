"""SmarterOS: what the settings name of it, put together. Places and providers are made here, once.

Services get what they need of each other as objects. Tenants are a project of their own and read `outputs`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi import ComponentResource, Output, ProviderResource, ResourceOptions, log

from components.placements import DatabaseServer
from components.placements.chosen import MadePlaces
from components.services import (
    botpress,
    chatwoot,
    guard,
    holding,
    knowledge,
    mcp,
    metabase,
    n8n,
    odoo,
    redis,
    storage,
    tenants,
    traefik,
    vault,
)
from components.services.dns import Dns, DnsArgs
from components.services.postgres import (
    PROVISIONER,
    PROVISIONER_LOGIN,
    PostgresServer,
    PostgresServerArgs,
    Provisioner,
    ProvisionerArgs,
    postgres_provider,
)
from components.services.surroundings import Surroundings
from settings import Settings
from settings.addresses import EDGE
from settings.tunnels import OPERATED
from settings.wiring import calls_of, told

__all__ = ["SERVICES", "SmarterOS", "SmarterOSArgs"]


SERVICES: Mapping[str, Callable[[Surroundings, Any], None]] = {
    "redis": redis.declare,
    "n8n": n8n.declare,
    "chatwoot": chatwoot.declare,
    "odoo": odoo.declare,
    "metabase": metabase.declare,
    "botpress": botpress.declare,
    "mcp": mcp.declare,
    "storage": storage.declare,
    "traefik": traefik.declare,
    "holding": holding.declare,
    "vault": vault.declare,
    "knowledge": knowledge.declare,
    "tenants": tenants.declare,
    "guard": guard.declare,
}
"""Service → what declares it. In this order: what others use comes before them."""


@dataclass(frozen=True, kw_only=True)
class SmarterOSArgs:
    """The settings of the environment."""

    settings: Settings


class SmarterOS(ComponentResource):
    """The platform of one environment."""

    platform: Output[dict[str, Any]]

    def __init__(self, name: str, args: SmarterOSArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:systems:SmarterOS", name, None, opts)
        self._settings = settings = args.settings
        self._places = MadePlaces(settings, self)
        self._servers = {server.name: self._database_server(server.name) for server in settings.database_servers}
        administrators = {key: self._databases_provider(server) for key, server in self._servers.items()}
        self._at = Surroundings(
            system=self,
            settings=settings,
            places=self._places,
            servers=self._servers,
            administrators=administrators,
            provisioners={key: self._provisioner(key, provider) for key, provider in administrators.items()},
        )
        self._run_services()
        self.platform = self._outputs()
        self.register_outputs({"platform": self.platform})

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
            ResourceOptions(parent=self),
        )

    def _provisioner(self, server: str, administrator: ProviderResource) -> Provisioner:
        return Provisioner(
            f"provisioner-{server}",
            ProvisionerArgs(password=self._settings.secrets.database_provisioner_passwords[server]),
            ResourceOptions(parent=self, providers=[administrator]),
        )

    def _run_services(self) -> None:
        """What the settings name, and nothing else."""
        zone = self._settings.cloudflare
        if zone is not None:
            dns = DnsArgs(
                zone_id=zone.zone_id,
                sets_zone=not self._settings.standby,
                addresses=self._addresses(),
                fallback_origin=self._settings.fqdn(EDGE) if self._takes_domains() else "",
            )
            Dns("dns", dns, self._at.inside())
        for key, declare in SERVICES.items():
            wanted = getattr(self._settings.services, key)
            if wanted is not None:
                if wanted.notice:
                    log.warn(wanted.notice)
                declare(self._at, wanted)

    def _addresses(self) -> dict[str, str]:
        proxy = self._settings.services.traefik
        if proxy is None:
            return {}
        names = [EDGE, proxy.hostname] if proxy.hostname != "*" or self._settings.has_wildcard else [EDGE]
        address = self._settings.remote_host(proxy.placement.host).address
        return {self._settings.fqdn(name): address for name in names}

    def _takes_domains(self) -> bool:
        """Whether tenants' own domains lead here. A zone has one fallback origin, and a standby leaves it alone."""
        services = self._settings.services
        wanted = services.tenants is not None and services.tenants.custom_domains
        return wanted and services.traefik is not None and not self._settings.standby

    def _for_tenants(self) -> dict[str, Any] | None:
        """Where tenants' parts are made, and where their names lead; None where there is no place for tenants, or no
        zone for their names.
        """
        services = self._settings.services
        if services.tenants is None or services.traefik is None or self._settings.cloudflare is None:
            return None
        return {
            "databaseServer": services.tenants.database,
            "template": tenants.TEMPLATE,
            "provisioner": PROVISIONER,
            "customDomains": self._takes_domains(),
            "edgeName": self._settings.fqdn(EDGE),
            "holdingName": self._settings.fqdn(services.holding.hostname if services.holding else EDGE),
            "redisHost": self._at.redis[str(services.redis.placement.private_network)].host if services.redis else None,
            "redisLogin": redis.PROVISIONER,
            "blobs": next(iter(self._at.blobs), None),
        }

    def _operated(self) -> dict[str, dict[str, Any] | None]:
        """How each service that operators reach is reached, or None where it does not run."""
        settings = self._settings
        forwards = {key: settings.forward(key) for key in OPERATED if getattr(settings.services, key) is not None}
        found: dict[str, dict[str, Any] | None] = dict.fromkeys(OPERATED)
        return found | {key: {"localPort": to.local_port, "through": to.host} for key, to in forwards.items()}

    def _outputs(self) -> Output[dict[str, Any]]:
        """What others may know of the platform: no secret is in it."""
        settings = self._settings
        servers = {
            forward.name: {
                "host": self._servers[forward.name].host,
                "localPort": forward.local_port,
                "through": forward.host,
                "targetHost": forward.target_host,
                "targetPort": forward.target_port,
                "sslmode": "require" if self._servers[forward.name].tls else "disable",
                "provisioner": PROVISIONER_LOGIN,
                "placement": settings.database_server(forward.name).placement.where,
            }
            for forward in (settings.forward(server.name) for server in settings.database_servers)
        }
        return Output.from_input(
            {
                "system": settings.system,
                "environment": settings.stack,
                "standby": settings.standby,
                "domain": settings.domain,
                "zoneId": settings.cloudflare.zone_id if settings.cloudflare else None,
                "urls": self._at.urls,
                "databaseServers": servers,
                "tenants": self._for_tenants(),
                **self._operated(),
                "wiring": {call.name: told(settings, call) for call in calls_of(settings)},
                "botpress": settings.services.botpress.told() if settings.services.botpress else None,
                "placements": {
                    key: service["placement"]["where"]
                    for key, service in settings.services.model_dump(by_alias=True).items()
                    if service and "placement" in service
                },
            }
        )
