"""SmarterOS: what the settings name of it, put together. Places and providers are made here, once.

Services get what they need of each other as objects. Tenants are a project of their own and read `outputs`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi_azure_native as azure_native
import pulumi_cloudflare as cloudflare
from pulumi import ComponentResource, Output, ProviderResource, ResourceOptions, log

from components.placements import DatabaseServer
from components.placements.azure import AzurePlatform, AzurePlatformArgs
from components.placements.chosen import Placements, placement_for
from components.placements.cloudflare import ObjectStorage
from components.placements.docker import DockerHost, DockerHostArgs, docker_provider
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
    template_closed,
)
from components.services.surroundings import Surroundings
from settings import Settings
from settings.addresses import EDGE
from settings.parts import OnAzure, OnDocker
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
        self._cloud = self._cloud_providers()
        self._docker = {
            host.name: docker_provider(f"docker-{host.name}", host, ResourceOptions(parent=self))
            for host in settings.hosts
        }
        self._places = self._placements()
        self._servers = {server.name: self._database_server(server.name) for server in settings.database_servers}
        administrators = {key: self._databases_provider(server) for key, server in self._servers.items()}
        for key, administrator in administrators.items():
            if self._servers[key].admin_is_superuser:
                template_closed(f"template-{key}-closed", ResourceOptions(parent=self, provider=administrator))
        self._at = Surroundings(
            system=self,
            settings=settings,
            placement=lambda where: placement_for(where, self._places),
            cloud=self._cloud,
            docker=self._docker,
            servers=self._servers,
            administrators=administrators,
            provisioners={key: self._provisioner(key, provider) for key, provider in administrators.items()},
        )
        self._run_services()
        self.platform = self._outputs()
        self.register_outputs({"platform": self.platform})

    def _cloud_providers(self) -> list[ProviderResource]:
        settings = self._settings
        inside = ResourceOptions(parent=self)
        found: list[ProviderResource] = []
        if settings.azure is not None:
            found.append(
                azure_native.Provider(
                    "azure",
                    subscription_id=settings.azure.subscription_id,
                    tenant_id=settings.azure.tenant_id,
                    opts=inside,
                )
            )
        if settings.cloudflare is not None:
            token = settings.secrets.cloudflare_api_token
            found.append(cloudflare.Provider("cloudflare", api_token=token, opts=inside))
        return found

    def _inside(self, where: OnAzure | OnDocker | None = None) -> ResourceOptions:
        """Options of a place, or of what stands there before there are services."""
        host = [self._docker[where.host]] if isinstance(where, OnDocker) else []
        return ResourceOptions(parent=self, providers=[*self._cloud, *host])

    def _placements(self) -> Placements:
        settings = self._settings
        azure = AzurePlatform("azure", AzurePlatformArgs(settings=settings), self._inside()) if settings.azure else None
        hosts = {
            host.name: DockerHost(
                host.name,
                DockerHostArgs(settings=settings, host=host),
                ResourceOptions(parent=self, providers=[self._docker[host.name]]),
            )
            for host in settings.hosts
        }
        return Placements(azure=azure, hosts=hosts, r2=ObjectStorage(settings))

    def _database_server(self, name: str) -> DatabaseServer:
        where = self._settings.database_server(name).placement
        return PostgresServer(
            f"postgres-{name}",
            PostgresServerArgs(
                placement=placement_for(where, self._places),
                server=name,
                admin_password=self._settings.secrets.database_admin_passwords[name],
            ),
            self._inside(where),
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
            "redisHost": self._at.redis[services.redis.placement.host].host if services.redis else None,
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
