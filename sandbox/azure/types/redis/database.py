"""Azure Managed Redis: the database of a cluster, and the keys with which one logs in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.azure.names import NAMES, arm_id, arm_outputs, digest, known, provider_id, text
from sandbox.azure.rules import in_group, in_parent
from sandbox.azure.types.redis.cluster import CLUSTER, SIZES_GB, SPEC
from sandbox.core.kinds import Function, ResourceType
from sandbox.core.records import Cloud
from sandbox.core.rules import Must, NeedsInCloud, OneOf, Required, Unchangeable
from sandbox.core.values import UNKNOWN, Props, Value, is_set, lookup

__all__ = ["DATABASE", "FUNCTIONS", "TYPES"]

DATABASE = "azure-native:redisenterprise:Database"
_POLICY = "https://learn.microsoft.com/azure/redis/choose-clustering-policy"
_CONFIGURE = "https://learn.microsoft.com/azure/redis/configure"
_UNCLUSTERED_GB = 25


def _on_once(value: Value, _: Props) -> bool:
    return not (known(value, "aofEnabled") and known(value, "rdbEnabled"))


def _with_frequency(value: Value, _: Props) -> bool | str:
    for kind in ("rdb", "aof"):
        enabled, frequency = lookup(value, f"{kind}Enabled"), lookup(value, f"{kind}Frequency")
        if enabled is not UNKNOWN and (enabled is True) != is_set(frequency):
            return f"{kind}Enabled {enabled}, {kind}Frequency {frequency}"
    return True


def _small_enough(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    if known(inputs, "clusteringPolicy") != "NoCluster":
        return None
    record = cloud.get(provider_id(inputs, config, "Microsoft.Cache", "redisEnterprise", text(inputs, "clusterName")))
    size = text(record.inputs, "sku.name") if record else ""
    if SIZES_GB.get(size, 0) <= _UNCLUSTERED_GB:
        return None
    return f"the cluster's size is {size}"


DATABASE_TYPE = ResourceType(
    token=DATABASE,
    about="The database of a cluster of Azure Managed Redis: there is one.",
    sources=(SPEC, _CONFIGURE),
    id=arm_id("Microsoft.Cache", "redisEnterprise", "{clusterName}", "databases", "{databaseName}"),
    named_by="databaseName",
    properties=(
        "resourceGroupName",
        "clusterName",
        "databaseName",
        "accessKeysAuthentication",
        "clientProtocol",
        "clusteringPolicy",
        "deferUpgrade",
        "evictionPolicy",
        "persistence",
        "port",
    ),
    rules=(
        in_group(),
        in_parent(
            "clusterName", "RedisEnterprise", "Microsoft.Cache", "redisEnterprise", "{clusterName}", token=CLUSTER
        ),
        Required(path="databaseName", source=SPEC),
        OneOf(
            path="databaseName",
            values=("default",),
            says="must be default: a cluster has one database, and that is its name",
            source=_CONFIGURE,
        ),
        NeedsInCloud(
            path="clusteringPolicy",
            name="size:clusteringPolicy",
            test=_small_enough,
            says="NoCluster is for sizes up to 25 GB",
            source=_POLICY,
        ),
        Unchangeable(
            path="clusteringPolicy",
            test=lambda old, new: old in (new, "NoCluster"),
            says="can't be changed without deleting the database, but for NoCluster",
            source=SPEC,
        ),
        OneOf(path="port", values=(10000,), says="must be 10000, where it always listens", source=_CONFIGURE),
        Must(
            path="persistence",
            name="one:persistence",
            partial=True,
            test=_on_once,
            says="at most one of AOF and RDB may be enabled",
            source=SPEC,
        ),
        Must(
            path="persistence",
            name="frequency:persistence",
            partial=True,
            test=_with_frequency,
            says="rdbFrequency is given exactly with rdbEnabled: true, aofFrequency with aofEnabled: true",
            source=SPEC,
        ),
        OneOf(path="persistence.aofFrequency", values=("1s",), says="must be 1s (always is deprecated)", source=SPEC),
    ),
    computed=arm_outputs(
        "Microsoft.Cache/redisEnterprise/databases",
        "2025-07-01",
        name=lambda one: f"{text(one.inputs, 'clusterName')}/{one.name}",
        provisioningState=lambda one: "Succeeded",
        resourceState=lambda one: "Running",
        redisVersion=lambda one: "7.4",
    ),
    defaults={"accessKeysAuthentication": "Disabled"},
    replaces=("resourceGroupName", "clusterName", "databaseName", "port"),
    not_checked=("modules and geo-replication: refused as not simulated",),
)


def _keys(arguments: Props, cloud: Cloud, config: Props) -> Mapping[str, Any]:
    parts = ("redisEnterprise", text(arguments, "clusterName"), "databases", text(arguments, "databaseName"))
    identity = provider_id(arguments, config, "Microsoft.Cache", *parts)
    record = cloud.get(identity)
    if record is None:
        raise ValueError(f"ResourceNotFound: The Resource {identity!r} was not found")
    if known(record.inputs, "accessKeysAuthentication") != "Enabled":
        raise ValueError(
            "access keys are disabled, which is the default: nobody could log in with one. Set "
            "accessKeysAuthentication: Enabled on the database"
        )
    return {f"{which}Key": digest(f"{identity}/{which}", 44) for which in ("primary", "secondary")}


FUNCTIONS = (
    Function(
        token="azure-native:redisenterprise:listDatabaseKeys",
        about="The keys with which one logs in at a database of Azure Managed Redis.",
        sources=(SPEC,),
        answer=_keys,
        rules=(
            Required(path="resourceGroupName", source=NAMES),
            Required(path="clusterName", source=NAMES),
            Required(path="databaseName", source=NAMES),
        ),
        secret_outputs=("primaryKey", "secondaryKey"),
    ),
)

TYPES = (DATABASE_TYPE,)
