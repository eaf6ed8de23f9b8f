"""A Flexible Server for PostgreSQL: reached by Container Apps through a private endpoint, by one host's
address in public.

TLS is demanded, the rule "all of Azure" (0.0.0.0) is never set. It makes no databases: those are services'
own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, CustomTimeouts, Input, InvokeOptions, Output, Resource, ResourceOptions
from pulumi.runtime import invoke_async
from pulumi_azure_native import dbforpostgresql, network

from components.placements.azure.private_endpoint import PrivateEndpointArgs, private_endpoint
from components.secrecy import secret
from settings.naming import Names
from settings.places import AzurePostgres
from settings.postgres import AZURE_ADMIN
from settings.sizes import POSTGRES_SKUS

__all__ = ["ADMIN_USER", "FlexibleServer", "FlexibleServerArgs"]

ADMIN_USER = AZURE_ADMIN
VERSION = "17"
TEMP_FILES_MB, KB_OF_A_MB = 2048, 1024
NOT_THERE = ("ResourceNotFound", "ResourceGroupNotFound")


@dataclass(frozen=True, kw_only=True)
class FlexibleServerArgs:
    """Which server, of which size, in which network."""

    names: Names
    server: str
    size: AzurePostgres
    extensions: Sequence[str]
    admin_password: Input[str]
    let_in: str
    resource_group: Input[str]
    location: str
    endpoints_subnet_id: Input[str]
    private_zone_id: Input[str]
    protect: bool
    tags: Mapping[str, str]


class FlexibleServer(ComponentResource):
    """A server, with its parameters, its firewall and its private endpoint."""

    host: Output[str]

    def __init__(self, name: str, args: FlexibleServerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:azure:FlexibleServer", name, None, opts)
        server = dbforpostgresql.Server(
            f"{name}-server",
            server_name=args.names.postgres_server(args.server),
            resource_group_name=args.resource_group,
            location=args.location,
            version=VERSION,
            sku=dbforpostgresql.SkuArgs(name=args.size.sku, tier=POSTGRES_SKUS[args.size.sku]),
            storage=dbforpostgresql.StorageArgs(storage_size_gb=self._size(args), auto_grow="Enabled"),
            backup=dbforpostgresql.BackupArgs(
                backup_retention_days=args.size.backup_retention_days, geo_redundant_backup="Disabled"
            ),
            high_availability=dbforpostgresql.HighAvailabilityArgs(mode="Disabled"),
            network=dbforpostgresql.NetworkArgs(public_network_access="Enabled"),
            auth_config=dbforpostgresql.AuthConfigArgs(
                active_directory_auth="Disabled",
                password_auth="Enabled",  # noqa: S106 - a switch
            ),
            administrator_login=ADMIN_USER,
            administrator_login_password=secret(args.admin_password),
            create_mode="Default",
            tags=args.tags,
            opts=ResourceOptions(parent=self, protect=args.protect, custom_timeouts=CustomTimeouts(create="60m")),
        )
        last = self._parameters(name, args, server)
        rule = dbforpostgresql.FirewallRule(
            f"{name}-host",
            firewall_rule_name="host",
            resource_group_name=args.resource_group,
            server_name=server.name,
            start_ip_address=args.let_in,
            end_ip_address=args.let_in,
            opts=ResourceOptions(parent=self, depends_on=[last]),
        )
        private = self._endpoint(name, args, server, rule)
        self.host = Output.all(server.fully_qualified_domain_name, private.id).apply(lambda all_: str(all_[0]))
        self.register_outputs({"host": self.host})

    def _endpoint(
        self, name: str, args: FlexibleServerArgs, server: dbforpostgresql.Server, rule: Resource
    ) -> network.PrivateDnsZoneGroup:
        return private_endpoint(
            name,
            PrivateEndpointArgs(
                endpoint_name=args.names.private_endpoint(args.server),
                resource_group=args.resource_group,
                location=args.location,
                subnet_id=args.endpoints_subnet_id,
                target_id=server.id,
                group_id="postgresqlServer",
                zone="postgres",
                zone_id=args.private_zone_id,
                tags=args.tags,
                after=rule,
            ),
            self,
        )

    async def _size(self, args: FlexibleServerArgs) -> int:
        """At least as large as is wanted: a disk that Azure has grown keeps what it has, for it never shrinks."""
        where = {
            "resourceGroupName": args.names.resource_group(),
            "serverName": args.names.postgres_server(args.server),
        }
        try:
            found = await invoke_async("azure-native:dbforpostgresql:getServer", where, InvokeOptions(parent=self))
        except Exception as error:  # the engine has one class for all that a vendor answers
            if not any(code in str(error) for code in NOT_THERE):
                raise
            return args.size.storage_gb
        return max(args.size.storage_gb, int(((found or {}).get("storage") or {}).get("storageSizeGB") or 0))

    def _parameters(self, name: str, args: FlexibleServerArgs, server: dbforpostgresql.Server) -> Resource:
        """One after the other: a server takes one change at a time (ServerIsBusy)."""
        wanted = {
            "azure.extensions": ",".join(args.extensions),
            "require_secure_transport": "ON",
            "ssl_min_protocol_version": "TLSv1.2",
            "log_connections": "ON",
            # Of one session, and no role can lift it for itself: what is not in a database is in no quota of disk.
            "temp_file_limit": str(TEMP_FILES_MB * KB_OF_A_MB),
        }
        last: Resource = server
        for parameter, value in wanted.items():
            last = dbforpostgresql.Configuration(
                f"{name}-{parameter.replace('.', '-').replace('_', '-')}",
                configuration_name=parameter,
                resource_group_name=args.resource_group,
                server_name=server.name,
                value=value,
                source="user-override",
                opts=ResourceOptions(parent=self, depends_on=[last]),
            )
        return last
