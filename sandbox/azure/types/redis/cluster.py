"""Azure Managed Redis: the cluster. What lies in it is in azure_redis_database.py.

The retired Enterprise tiers are not simulated: Azure creates none of them any more.
"""

from __future__ import annotations

from sandbox.azure.names import (
    NAMES,
    arm_id,
    arm_outputs,
    known,
    location_of,
    placed,
    placed_again,
    random_suffix,
    region,
    text,
)
from sandbox.azure.rules import in_group, located, tagged
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud, Computing
from sandbox.core.rules import Must, NeedsInCloud, OneOf, Pattern
from sandbox.core.values import Props, Value

__all__ = ["CLUSTER", "SIZES_GB", "TYPES", "host_of"]

CLUSTER = "azure-native:redisenterprise:RedisEnterprise"
SPEC = (
    "Azure/azure-rest-api-specs specification/redisenterprise/resource-manager/Microsoft.Cache/RedisEnterprise/"
    "stable/2025-07-01/redisenterprise.json"
)
_OVERVIEW = "https://learn.microsoft.com/azure/redis/overview"
_SKUS = {
    "Balanced_B": (0, 1, 3, 5, 10, 20, 50, 100, 150, 250, 350, 500, 700, 1000),
    "MemoryOptimized_M": (10, 20, 50, 100, 150, 250, 350, 500, 700, 1000, 1500, 2000),
    "ComputeOptimized_X": (3, 5, 10, 20, 50, 100, 150, 250, 350, 500, 700),
    "FlashOptimized_A": (250, 500, 700, 1000, 1500, 2000, 4500),
}
_SMALL_GB = {0: 0.5, 1: 1, 3: 3, 5: 6, 10: 12, 20: 24}
SIZES_GB = {f"{tier}{number}": _SMALL_GB.get(number, number * 1.2) for tier, all_ in _SKUS.items() for number in all_}
"""Sku → how much it holds. Above 24 GB only that it is more than 25 matters here."""


def host_of(name: str, location: str) -> str:
    """The host name of a cluster. From inside a network it leads through privatelink.redis.azure.net."""
    return f"{name}.{region(location)}.redis.azure.net"


def _replicated(value: Value, _: Props) -> bool:
    flash = text(value, "sku.name").startswith("FlashOptimized")
    return not flash or known(value, "highAvailability") != "Disabled"


def _own_name(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    """Host names are unique in a region, whosever they are."""
    name, place = text(inputs, "clusterName").lower(), region(text(inputs, "location"))
    group, subscription = text(inputs, "resourceGroupName").lower(), text(config, "subscriptionId").lower()
    for other in cloud.find(CLUSTER):
        same = text(other.inputs, "clusterName").lower() == name
        there = region(text(other.inputs, "location") or text(other.outputs, "location"))
        own = other.id.lower().startswith(f"/subscriptions/{subscription}/resourcegroups/{group}/")
        if name and same and there == place and not own:
            return f"{host_of(name, place)!r} is taken by {other.id}"
    return None


def _redundancy(one: Computing) -> str:
    return "None" if known(one.inputs, "highAvailability") == "Disabled" else "LR"


CLUSTER_TYPE = ResourceType(
    token=CLUSTER,
    about="A cluster of Azure Managed Redis.",
    sources=(SPEC, _OVERVIEW),
    id=arm_id("Microsoft.Cache", "redisEnterprise", "{clusterName}"),
    named_by="clusterName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "clusterName",
        "location",
        "tags",
        "sku.name",
        "highAvailability",
        "minimumTlsVersion",
        "publicNetworkAccess",
    ),
    rules=(
        in_group(),
        located(),
        tagged(),
        Pattern(
            path="clusterName",
            regex=r"(?=.{1,60}$)[A-Za-z0-9]+(-[A-Za-z0-9]+)*",
            says="must have 1 to 60 letters, digits and single '-', not at the ends",
            source=NAMES,
        ),
        NeedsInCloud(
            path="clusterName",
            name="unique:clusterName",
            code="NameNotAvailable",
            test=_own_name,
            says="choose another name: it is a part of the host name",
            source=_OVERVIEW,
        ),
        OneOf(
            path="sku.name",
            values=tuple(SIZES_GB),
            says="is no size of Azure Managed Redis (the tiers Enterprise and EnterpriseFlash are retired)",
            source="https://learn.microsoft.com/azure/azure-cache-for-redis/retirement-faq",
        ),
        Must(
            path="",
            name="replicated:highAvailability",
            partial=True,
            test=_replicated,
            says="FlashOptimized needs highAvailability",
            source="hashicorp/terraform-provider-azurerm internal/services/managedredis/managed_redis_resource.go",
        ),
        OneOf(path="minimumTlsVersion", values=("1.2",), says="must be 1.2: older ones are obsolete", source=SPEC),
    ),
    computed={
        **arm_outputs(
            "Microsoft.Cache/redisEnterprise",
            "2025-07-01",
            hostName=lambda one: host_of(one.name, location_of(one)),
            provisioningState=lambda one: "Succeeded",
            resourceState=lambda one: "Running",
            redisVersion=lambda one: "7.4",
            redundancyMode=_redundancy,
            privateEndpointConnections=lambda one: [],
        ),
        "kind": lambda one: "v2",
    },
    replaces=("resourceGroupName", "clusterName", "location"),
    on_create=placed,
    on_update=placed_again,
    not_checked=(
        "which sizes a cluster can be scaled to",
        "zones, identities and customers' keys: refused as not simulated (Azure itself refuses zones: a cluster is "
        "zone redundant by itself where there are zones)",
        "that a region offers the size",
    ),
)

TYPES = (CLUSTER_TYPE,)
