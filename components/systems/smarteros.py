"""SmarterOS: what the settings name of it, put together. Places and providers are made here, once.

Services get what they need of each other as objects. Tenants are a project of their own and read `outputs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi_azure_native as azure_native
import pulumi_cloudflare as cloudflare
from pulumi import ComponentResource, Output, ProviderResource, ResourceOptions

from components.images import IMAGES
from components.placements import DatabaseServer
from components.placements.azure import AzurePlatform, AzurePlatformArgs
from components.placements.chosen import Placements, placement_for
from components.placements.cloudflare import ObjectStorage
from components.placements.docker import DockerHost, DockerHostArgs, docker_provider
from components.services.dns import Dns, DnsArgs
from components.services.knowledge import Knowledge, KnowledgeArgs
from components.services.n8n import N8n, N8nArgs
from components.services.postgres import (
    PROVISIONER,
    PROVISIONER_LOGIN,
    Database,
    DatabaseArgs,
    PostgresServer,
    PostgresServerArgs,
    Provisioner,
    ProvisionerArgs,
    postgres_provider,
)
from components.services.redis import Redis, RedisArgs
from components.services.storage import Storage, StorageArgs
from components.services.tenants import TEMPLATE, TenantTemplate, TenantTemplateArgs
from components.services.traefik import Traefik, TraefikArgs
from components.services.vault import Vault, VaultArgs
from settings import Settings
from settings.parts import OnAzure, OnDocker, OnR2

__all__ = ["SmarterOS", "SmarterOSArgs"]


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
        self._urls: dict[str, Output[str]] = {}
        self._cloud = self._cloud_providers()
        self._docker = {
            host.name: docker_provider(f"docker-{host.name}", host, ResourceOptions(parent=self))
            for host in settings.hosts
        }
        self._places = self._placements()
        self._servers = {server.name: self._database_server(server.name) for server in settings.database_servers}
        self._postgres = {name_: self._databases_provider(server) for name_, server in self._servers.items()}
        self._run_services()
        self.platform = self._outputs()
        self.register_outputs({"platform": self.platform})

    def _cloud_providers(self) -> list[ProviderResource]:
        settings = self._settings
        inside = ResourceOptions(parent=self)
        edge = cloudflare.Provider("cloudflare", api_token=settings.secrets.cloudflare_api_token, opts=inside)
        if settings.azure is None:
            return [edge]
        azure = azure_native.Provider(
            "azure",
            subscription_id=settings.azure.subscription_id,
            tenant_id=settings.azure.tenant_id,
            opts=inside,
        )
        return [azure, edge]

    def _inside(self, where: OnAzure | OnDocker | OnR2 | None = None, *more: ProviderResource) -> ResourceOptions:
        """Options of a service: our child, with the providers of the place where it runs."""
        host = [self._docker[where.host]] if isinstance(where, OnDocker) else []
        return ResourceOptions(parent=self, providers=[*self._cloud, *host, *more])

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
        secrets = self._settings.secrets
        provider = postgres_provider(
            f"databases-{server.name}",
            server,
            secrets.database_admin_passwords[server.name],
            ResourceOptions(parent=self),
        )
        Provisioner(
            f"provisioner-{server.name}",
            ProvisionerArgs(password=secrets.database_provisioner_passwords[server.name]),
            ResourceOptions(parent=self, providers=[provider]),
        )
        return provider

    def _run_services(self) -> None:
        """What the settings name, and nothing else."""
        wanted = self._settings.services
        Dns(
            "dns",
            DnsArgs(
                zone_id=self._settings.cloudflare.zone_id,
                sets_zone=not self._settings.standby,
                addresses=self._addresses(),
            ),
            self._inside(),
        )
        if wanted.n8n:
            self._n8n()
        if wanted.storage:
            where = wanted.storage.placement
            store = Storage("storage", StorageArgs(placement=placement_for(where, self._places)), self._inside(where))
            self._urls["storage"] = store.url
        if wanted.traefik:
            self._traefik()
        if wanted.redis:
            redis = RedisArgs(
                placement=placement_for(wanted.redis.placement, self._places),
                image=IMAGES.redis,
                wanted=wanted.redis,
                password=self._settings.secrets.redis_password,
            )
            Redis("redis", redis, self._inside(wanted.redis.placement))
        if wanted.vault:
            vault = VaultArgs(
                placement=placement_for(wanted.vault.placement, self._places),
                image=getattr(IMAGES, wanted.vault.flavour),
                wanted=wanted.vault,
            )
            Vault("vault", vault, self._inside(wanted.vault.placement))
        if wanted.knowledge:
            server = wanted.knowledge.database
            Knowledge(
                "knowledge",
                KnowledgeArgs(server=self._servers[server], protect=self._settings.protect),
                self._inside(None, self._postgres[server]),
            )
        if wanted.tenants:
            TenantTemplate(
                "tenants",
                TenantTemplateArgs(protect=self._settings.protect),
                self._inside(None, self._postgres[wanted.tenants.database]),
            )

    def _addresses(self) -> dict[str, str]:
        proxy = self._settings.services.traefik
        if proxy is None or (proxy.hostname == "*" and not self._settings.has_wildcard):
            return {}
        return {self._settings.fqdn(proxy.hostname): self._settings.host(proxy.placement.host).address}

    def _n8n(self) -> None:
        wanted = self._settings.services.n8n
        if wanted is None:
            return
        database = Database(
            "n8n-db",
            DatabaseArgs(server=self._servers[wanted.database], database="n8n", protect=self._settings.protect),
            self._inside(None, self._postgres[wanted.database]),
        )
        n8n = N8n(
            "n8n",
            N8nArgs(
                placement=placement_for(wanted.placement, self._places),
                image=IMAGES.n8n,
                database=database,
                hostname=self._settings.fqdn(wanted.hostname),
                wanted=wanted,
                encryption_key=self._settings.secrets.n8n_encryption_key,
            ),
            self._inside(wanted.placement),
        )
        self._urls["n8n"] = n8n.url

    def _traefik(self) -> None:
        wanted = self._settings.services.traefik
        if wanted is None:
            return
        Traefik(
            "traefik",
            TraefikArgs(
                placement=placement_for(wanted.placement, self._places),
                image=IMAGES.traefik,
                socket_proxy_image=IMAGES.socket_proxy,
                wanted=wanted,
                domain=self._settings.domain,
                edge_network=self._settings.names.container("edge"),
                email=self._settings.operators.email,
                dns_token=self._settings.secrets.cloudflare_dns_token,
            ),
            self._inside(wanted.placement),
        )

    def _for_tenants(self) -> dict[str, str] | None:
        """Where tenants' databases are made, and where their names lead; None where there is no place for tenants."""
        services = self._settings.services
        if services.tenants is None or services.traefik is None:
            return None
        return {
            "databaseServer": services.tenants.database,
            "template": TEMPLATE,
            "provisioner": PROVISIONER,
            "edgeAddress": self._settings.host(services.traefik.placement.host).address,
        }

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
        vault = settings.forward("vault") if settings.services.vault else None
        return Output.from_input(
            {
                "system": settings.system,
                "environment": settings.stack,
                "standby": settings.standby,
                "domain": settings.domain,
                "zoneId": settings.cloudflare.zone_id,
                "urls": self._urls,
                "databaseServers": servers,
                "tenants": self._for_tenants(),
                "vault": {"localPort": vault.local_port, "through": vault.host} if vault else None,
                "placements": {
                    key: service["placement"]["where"]
                    for key, service in settings.services.model_dump(by_alias=True).items()
                    if service and "placement" in service
                },
            }
        )
