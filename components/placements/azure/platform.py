"""What everything in Azure stands on: resource group, logs, network, vault and the Container Apps
environment.

The environment is reachable from the internet through its ingress alone. Nothing is peered or routed to
other networks.
"""

from __future__ import annotations

from dataclasses import dataclass

from pulumi import ComponentResource, Input, InvokeOptions, Output, ResourceOptions
from pulumi_azure_native import app, operationalinsights, resources

from components.placements import DatabaseServer, ObjectStore, QueueServer, Running
from components.placements.azure.app import ContainerApp, ContainerAppArgs, Edge, refuse
from components.placements.azure.certificate import OriginCertificate, OriginCertificateArgs
from components.placements.azure.network import PrivateNetwork, PrivateNetworkArgs
from components.placements.azure.postgres import ADMIN_USER, FlexibleServer, FlexibleServerArgs
from components.placements.azure.redis import PORT as REDIS_PORT
from components.placements.azure.redis import QueueRedis, QueueRedisArgs
from components.placements.azure.storage import BlobStore, BlobStoreArgs
from components.placements.azure.vault import SecretVault, SecretVaultArgs
from components.secrecy import secret
from components.workload import Workload
from settings import Settings
from settings.parts import ManagedRedis
from settings.places import AzureBlobs, AzurePostgres, narrowed

__all__ = ["AzurePlatform", "AzurePlatformArgs"]


@dataclass(frozen=True, kw_only=True)
class AzurePlatformArgs:
    """The settings, for this is where they become Azure's terms."""

    settings: Settings


class AzurePlatform(ComponentResource):
    """Azure as a placement, which can all four things."""

    resource_group_name: Output[str]
    default_domain: Output[str]

    def __init__(self, name: str, args: AzurePlatformArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:azure:Platform", name, None, opts)
        settings, names = args.settings, args.settings.names
        if settings.azure is None:
            raise TypeError("the settings have no smarteros:azure")
        self._settings, self._azure = settings, settings.azure
        self._tags = {
            **settings.tags,
            "system": settings.system,
            "environment": settings.stack,
            "managed-by": "pulumi",
        }
        group = resources.ResourceGroup(
            f"{name}-group",
            resource_group_name=names.resource_group(),
            location=self._azure.location,
            tags=self._tags,
            opts=ResourceOptions(parent=self, protect=settings.protect),
        )
        self.resource_group_name = group.name
        self._network = PrivateNetwork(
            f"{name}-network",
            PrivateNetworkArgs(
                names=names,
                resource_group=group.name,
                location=self._azure.location,
                cidr=self._azure.network_cidr,
                tags=self._tags,
            ),
            ResourceOptions(parent=self),
        )
        self._vault = SecretVault(
            f"{name}-vault",
            SecretVaultArgs(
                names=names,
                resource_group=group.name,
                location=self._azure.location,
                subscription_id=self._azure.subscription_id,
                tenant_id=self._azure.tenant_id,
                protect=settings.protect,
                tags=self._tags,
            ),
            ResourceOptions(parent=self),
        )
        self._environment = self._apps_environment(name)
        self.default_domain = self._environment.default_domain
        self._edge = self._names_of_apps(name)
        self.register_outputs({"default_domain": self.default_domain})

    def _apps_environment(self, name: str) -> app.ManagedEnvironment:
        names = self._settings.names
        logs = operationalinsights.Workspace(
            f"{name}-logs",
            workspace_name=names.log_workspace(),
            resource_group_name=self.resource_group_name,
            location=self._azure.location,
            sku=operationalinsights.WorkspaceSkuArgs(name="PerGB2018"),
            retention_in_days=self._azure.log_retention_days,
            tags=self._tags,
            opts=ResourceOptions(parent=self),
        )
        keys = operationalinsights.get_shared_keys_output(
            resource_group_name=self.resource_group_name,
            workspace_name=logs.name,
            opts=InvokeOptions(parent=self),
        )
        return app.ManagedEnvironment(
            f"{name}-apps",
            environment_name=names.container_apps_environment(),
            resource_group_name=self.resource_group_name,
            location=self._azure.location,
            app_logs_configuration=app.AppLogsConfigurationArgs(
                destination="log-analytics",
                log_analytics_configuration=app.LogAnalyticsConfigurationArgs(
                    customer_id=logs.customer_id,
                    shared_key=secret(keys.apply(lambda found: found.primary_shared_key or "")),
                ),
            ),
            vnet_configuration=app.VnetConfigurationArgs(
                infrastructure_subnet_id=self._network.apps_subnet_id, internal=False
            ),
            workload_profiles=[app.WorkloadProfileArgs(name="Consumption", workload_profile_type="Consumption")],
            zone_redundant=False,
            tags=self._tags,
            opts=ResourceOptions(parent=self),
        )

    def _names_of_apps(self, name: str) -> Edge:
        settings, environment = self._settings, self._environment
        certificate = OriginCertificate(
            f"{name}-origin",
            OriginCertificateArgs(
                names=settings.names,
                domain=settings.domain,
                resource_group=self.resource_group_name,
                location=self._azure.location,
                environment_name=environment.name,
                tags=self._tags,
            ),
            ResourceOptions(parent=self),
        )
        return Edge(
            zone_id=settings.zone.zone_id,
            domain=settings.domain,
            certificate_id=certificate.certificate_id,
            verification_id=environment.custom_domain_configuration.apply(
                lambda found: (found and found.custom_domain_verification_id) or ""
            ),
            environment_domain=environment.default_domain,
        )

    def run(self, name: str, workload: Workload, opts: ResourceOptions) -> Running:
        """An app of Container Apps."""
        refuse(name, workload)
        created = ContainerApp(
            name,
            ContainerAppArgs(
                names=self._settings.names,
                workload=workload,
                resource_group=self.resource_group_name,
                location=self._azure.location,
                environment_id=self._environment.id,
                vault=self._vault,
                edge=self._edge,
                tags=self._tags,
            ),
            opts,
        )
        return Running(resource=created, host=created.host, port=workload.port, url=created.url)

    def database_server(
        self, name: str, server: str, admin_password: Input[str], opts: ResourceOptions
    ) -> DatabaseServer:
        """A Flexible Server; its administrator is no superuser."""
        wanted = self._settings.database_server(server)
        where = narrowed(AzurePostgres, wanted.placement)
        created = FlexibleServer(
            name,
            FlexibleServerArgs(
                names=self._settings.names,
                server=server,
                size=where,
                extensions=wanted.extensions,
                admin_password=admin_password,
                let_in=self._settings.remote_host(where.through).address,
                resource_group=self.resource_group_name,
                location=self._azure.location,
                endpoints_subnet_id=self._network.endpoints_subnet_id,
                private_zone_id=self._network.postgres_zone_id,
                protect=self._settings.protect,
                tags=self._tags,
            ),
            opts,
        )
        return DatabaseServer(
            name=server,
            resource=created,
            host=created.host,
            port=5432,
            admin_user=ADMIN_USER,
            admin_is_superuser=False,
            tls=True,
            local_port=self._settings.forward(server).local_port,
        )

    def object_store(self, name: str, opts: ResourceOptions) -> ObjectStore:
        """Declares a storage account with its containers."""
        wanted = self._settings.services.storage
        if wanted is None:
            raise TypeError("the settings have no services/storage")
        where = narrowed(AzureBlobs, wanted.placement)
        created = BlobStore(
            name,
            BlobStoreArgs(
                names=self._settings.names,
                containers=wanted.containers,
                backups=wanted.backups,
                redundancy=where.redundancy,
                keep_deleted_days=where.keep_deleted_days,
                resource_group=self.resource_group_name,
                location=self._azure.location,
                protect=self._settings.protect,
                tags=self._tags,
            ),
            opts,
        )
        for_tenants: dict[str, Input[str]] = {
            "kind": "azure",
            "subscription_id": self._azure.subscription_id,
            "tenant_id": self._azure.tenant_id,
            "resource_group": self.resource_group_name,
            "location": self._azure.location,
            "account": self._settings.names.storage_account(),
            "prefix": self._settings.names.identity(""),
        }
        return ObjectStore(resource=created, url=created.url, containers=wanted.containers, for_tenants=for_tenants)

    def queue_server(self, name: str, size: ManagedRedis, opts: ResourceOptions) -> QueueServer:
        """A Redis of Azure's own."""
        created = QueueRedis(
            name,
            QueueRedisArgs(
                names=self._settings.names,
                part=name,
                size=size,
                network=self._network,
                resource_group=self.resource_group_name,
                location=self._azure.location,
                protect=self._settings.protect,
                tags=self._tags,
            ),
            opts,
        )
        return QueueServer(resource=created, host=created.host, port=REDIS_PORT, tls=True, password=created.password)
