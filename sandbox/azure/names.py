"""How ARM resources are called: ids, names that Azure makes up, locations; and how their inputs are read.

It knows no resource type: the tables in `types/` are made from these pieces, and from the rules in `rules.py`.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.core.kinds import Compute
from sandbox.core.records import Computing, Record
from sandbox.core.values import UNKNOWN, Props, Value, is_set, lookup

__all__ = [
    "GUID",
    "NAMES",
    "REPLACEMENT",
    "SUBNET",
    "arm_id",
    "arm_outputs",
    "digest",
    "group_id",
    "guid_of",
    "items",
    "known",
    "location_of",
    "names_record",
    "placed",
    "placed_again",
    "provider_id",
    "random_guid",
    "random_suffix",
    "region",
    "text",
]

NAMES = "https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules"
REPLACEMENT = "pulumi/pulumi-azure-native provider/pkg/gen/replacement.go, forceNewMap"
GUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
SUBNET = "azure-native:network:Subnet"


def text(props: Value, path: str) -> str:
    """The text at a path; "" where nothing, or nothing known, stands."""
    value = lookup(props, path)
    return value if isinstance(value, str) else ""


def known(props: Value, path: str) -> Value:
    """The value at a path; None where nothing, or nothing known, stands."""
    value = lookup(props, path)
    return value if is_set(value) and value is not UNKNOWN else None


def items(props: Value, path: str) -> list[Any]:
    """The known list at a path, else an empty one."""
    value = known(props, path)
    return value if isinstance(value, list) else []


def guid_of(seed: str) -> str:
    """A GUID that is always the same for the same seed (the cloud's own are random; ours must be stable)."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, seed.lower()))


def digest(seed: str, length: int = 8) -> str:
    """Stable hexadecimal digits, where the cloud would roll dice."""
    return hashlib.sha256(seed.lower().encode()).hexdigest()[:length]


def random_suffix(name: str, seed: bytes) -> str:
    """azure-native's usual automatic name: the logical name and eight hexadecimal digits."""
    return name + hashlib.sha256(seed + name.encode()).hexdigest()[:8]


def random_guid(name: str, seed: bytes) -> str:
    """azure-native's automatic name of a role assignment."""
    return str(uuid.UUID(hashlib.sha256(seed + name.encode()).hexdigest()[:32]))


def region(value: str) -> str:
    """A location as ARM compares it: "East US" is eastus."""
    return value.replace(" ", "").lower()


def location_of(one: Computing) -> str:
    """Where a resource lands: its own location, else the provider's, else its resource group's."""
    own = text(one.inputs, "location") or text(one.config, "location")
    if own:
        return own
    group = one.cloud.get(group_id(one.inputs, one.config))
    return text(group.outputs, "location") or text(group.inputs, "location") if group else ""


def group_id(inputs: Props, config: Props) -> str:
    """The id of the resource group that the inputs name."""
    return f"/subscriptions/{text(config, 'subscriptionId')}/resourceGroups/{text(inputs, 'resourceGroupName')}"


def arm_id(provider: str, *parts: str) -> str:
    """The template of an ARM id in a resource group: arm_id("Microsoft.App", "containerApps", "{containerAppName}")."""
    tail = "/".join(parts)
    return f"/subscriptions/{{subscriptionId}}/resourceGroups/{{resourceGroupName}}/providers/{provider}/{tail}"


def provider_id(inputs: Props, config: Props, provider: str, *parts: str) -> str:
    """An id in the same resource group: provider_id(…, "Microsoft.App", "managedEnvironments", "env")."""
    return "/".join((group_id(inputs, config), "providers", provider, *parts))


def names_record(record: Record, field: str, name: str) -> bool:
    """Whether a record's vendor name is that one, compared without case."""
    return (text(record.inputs, field) or text(record.outputs, "name")).lower() == name.lower()


def arm_outputs(kind: str, version: str, **computed: Compute) -> Mapping[str, Compute]:
    """The outputs that every resource has, and its own."""
    return {"type": lambda one: kind, "azureApiVersion": lambda one: version, **computed}


def placed(one: Computing) -> Mapping[str, Any]:
    """For `on_create`: the location of a resource that names none (it follows its resource group)."""
    return {} if text(one.inputs, "location") else {"location": location_of(one)}


def placed_again(one: Computing, old: Props) -> Mapping[str, Any]:
    """As `placed`, for `on_update`, which is given the old inputs, too."""
    return placed(one)
