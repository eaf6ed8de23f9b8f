"""Azure Managed Redis, for queues: reached through a private endpoint alone, over TLS, by its access key.

It is not clustered: the keys of a queue of Bull lie in different slots, and a cluster answers a script over them with
CROSSSLOT. It evicts nothing, and writes each second to its disk what has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import ComponentResource, CustomTimeouts, Input, InvokeOptions, Output, ResourceOptions
from pulumi_azure_native import network, redisenterprise

from components.placements.azure.network import PrivateNetwork
from components.placements.azure.private_endpoint import PrivateEndpointArgs, private_endpoint
from components.secrecy import secret
from settings.naming import Names
from settings.parts import ManagedRedis

__all__ = ["PORT", "QueueRedis", "QueueRedisArgs"]

PORT = 10000
DATABASE = "default"
ZONE = "privatelink.redis.azure.net"


@dataclass(frozen=True, kw_only=True)
class QueueRedisArgs:
    """Whose queue, of which size, in which network."""

    names: Names
    part: str
    size: ManagedRedis
    network: PrivateNetwork
    resource_group: Input[str]
    location: str
    protect: bool
    tags: Mapping[str, str]


class QueueRedis(ComponentResource):
    """A cluster with its one database, and its private endpoint."""

    host: Output[str]
    password: Output[str]

    def __init__(self, name: str, args: QueueRedisArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:azure:QueueRedis", name, None, opts)
        cluster = redisenterprise.RedisEnterprise(
            f"{name}-cluster",
            cluster_name=args.names.managed_redis(args.part),
            resource_group_name=args.resource_group,
            location=args.location,
            sku=redisenterprise.SkuArgs(name=args.size.sku),
            high_availability="Enabled" if args.size.high_availability else "Disabled",
            minimum_tls_version=redisenterprise.TlsVersion.TLS_VERSION_1_2,
            public_network_access=redisenterprise.PublicNetworkAccess.DISABLED,
            tags=args.tags,
            opts=ResourceOptions(parent=self, protect=args.protect, custom_timeouts=CustomTimeouts(create="60m")),
        )
        database = redisenterprise.Database(
            f"{name}-database",
            database_name=DATABASE,
            cluster_name=cluster.name,
            resource_group_name=args.resource_group,
            client_protocol=redisenterprise.Protocol.ENCRYPTED,
            port=PORT,
            clustering_policy=redisenterprise.ClusteringPolicy.NO_CLUSTER,
            eviction_policy=redisenterprise.EvictionPolicy.NO_EVICTION,
            persistence=redisenterprise.PersistenceArgs(
                aof_enabled=True, aof_frequency=redisenterprise.AofFrequency.AOF_FREQUENCY_1S
            ),
            # Neither n8n nor KEDA's scaler for Redis logs in with an identity.
            access_keys_authentication=redisenterprise.AccessKeysAuthentication.ENABLED,
            opts=ResourceOptions(parent=self, protect=args.protect, custom_timeouts=CustomTimeouts(create="60m")),
        )
        keys = redisenterprise.list_database_keys_output(
            cluster_name=cluster.name,
            # The vendor names it <cluster>/default, and it must be there.
            database_name=database.id.apply(lambda _: DATABASE),
            resource_group_name=args.resource_group,
            opts=InvokeOptions(parent=self),
        )
        private = self._endpoint(name, args, cluster, database)
        self.host = Output.all(cluster.host_name, private.id).apply(lambda both: str(both[0]))
        self.password = secret(keys.apply(lambda found: found.primary_key))
        self.register_outputs({"host": self.host})

    def _endpoint(
        self,
        name: str,
        args: QueueRedisArgs,
        cluster: redisenterprise.RedisEnterprise,
        database: redisenterprise.Database,
    ) -> network.PrivateDnsZoneGroup:
        return private_endpoint(
            name,
            PrivateEndpointArgs(
                endpoint_name=args.names.private_endpoint(args.part),
                resource_group=args.resource_group,
                location=args.location,
                subnet_id=args.network.endpoints_subnet_id,
                target_id=cluster.id,
                group_id="redisEnterprise",
                zone="redis",
                zone_id=args.network.private_names(f"{name}-zone", ZONE, self),
                tags=args.tags,
                after=database,
            ),
            self,
        )
