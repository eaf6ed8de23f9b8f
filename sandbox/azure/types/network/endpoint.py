"""Private endpoints: an address in a virtual network for one Azure resource, and its name in private DNS zones."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from sandbox.azure.names import (
    NAMES,
    REPLACEMENT,
    SUBNET,
    arm_id,
    arm_outputs,
    digest,
    items,
    known,
    placed,
    placed_again,
    provider_id,
    random_suffix,
    region,
    text,
)
from sandbox.azure.rules import EachNeeds, in_group, located, network_of, subnet_prefixes, tagged
from sandbox.azure.types.containerapp.ingress import ENVIRONMENT
from sandbox.azure.types.containerapp.secrets import VAULT
from sandbox.azure.types.environment.network import ENDPOINT
from sandbox.azure.types.network.networks import NAME
from sandbox.azure.types.postgres.server import SERVER
from sandbox.azure.types.redis.cluster import CLUSTER
from sandbox.azure.types.storage.parts import PARTS_BY_KIND
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud, Computing, Record
from sandbox.core.rules import (
    ExactlyOne,
    Length,
    Must,
    NeedsInCloud,
    Pattern,
    Refers,
    Required,
    Unchangeable,
    UniqueItems,
)
from sandbox.core.values import UNKNOWN, Props, Value, lookup

__all__ = ["TYPES", "ZONE"]

ZONE = "azure-native:privatedns:PrivateZone"
_LINKS = "https://learn.microsoft.com/azure/private-link/private-endpoint-overview"
SERVICES: Mapping[str, Mapping[str, str]] = {
    VAULT: {"vault": "{name}.vault.azure.net"},
    SERVER: {"postgresqlServer": "{name}.postgres.database.azure.com"},
    ENVIRONMENT: {"managedEnvironments": "{name}.azurecontainerapps.io"},
    CLUSTER: {"redisEnterprise": "{name}.{region}.redis.azure.net"},
    "azure-native:storage:StorageAccount": {
        part + copy: "{name}" + copy.replace("_", "-") + "." + part + ".core.windows.net"
        for part in ("blob", "dfs", "file", "queue", "table", "web")
        for copy in ("", "_secondary")
        if part + copy != "file_secondary"
    },
}
"""Resource type → the sub-resources (groupIds) that a private endpoint may connect to, with their public names."""


def _connections(inputs: Props) -> list[Any]:
    return items(inputs, "privateLinkServiceConnections") or items(inputs, "manualPrivateLinkServiceConnections")


def _target(value: Value, inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(text(value, "privateLinkServiceId"))
    if not text(value, "privateLinkServiceId"):
        return None
    if record is None:
        return f"{text(value, 'privateLinkServiceId')!r} does not exist"
    allowed = SERVICES.get(record.token)
    if allowed is None:
        return f"{record.token} takes no private endpoint here"
    if record.token == SERVER and text(record.inputs, "network.delegatedSubnetResourceId"):
        return "the server is in a virtual network itself"
    if record.token == ENVIRONMENT:
        return _open_environment(record)
    parts = PARTS_BY_KIND.get(text(record.inputs, "kind"))
    allowed = {one: name for one, name in allowed.items() if parts is None or one.split("_")[0] in parts}
    wrong = [one for one in items(value, "groupIds") if isinstance(one, str) and one not in allowed]
    return f"groupIds {', '.join(map(str, wrong))}; allowed: {', '.join(allowed)}" if wrong else None


def _open_environment(record: Record) -> str | None:
    if not items(record.inputs, "workloadProfiles"):
        return "the environment has no workload profiles"
    closed = known(record.inputs, "publicNetworkAccess") == "Disabled"
    return None if closed else "the environment is open to public networks: publicNetworkAccess Disabled first"


def _undelegated(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(text(inputs, "subnet.id"))
    services = [text(one, "serviceName") for one in items(record.inputs, "delegations")] if record else []
    return f"the subnet is delegated to {services[0]}" if services else None


def _free_address(value: Value, inputs: Props, cloud: Cloud, config: Props) -> str | None:
    own = provider_id(inputs, config, "Microsoft.Network", "privateEndpoints", text(inputs, "privateEndpointName"))
    subnet = text(inputs, "subnet.id").lower()
    for record in cloud.find(ENDPOINT):
        if record.id.lower() == own.lower() or text(record.inputs, "subnet.id").lower() != subnet:
            continue
        taken = [text(one, "privateIPAddress") for one in items(record.inputs, "ipConfigurations")]
        taken += [
            str(one) for config_ in items(record.outputs, "customDnsConfigs") for one in items(config_, "ipAddresses")
        ]
        if str(value) in taken:
            return f"{value} belongs to {record.id}"
    return None


def _of_connection(value: Value, inputs: Props) -> bool | str:
    groups = [one for connection in _connections(inputs) for one in items(connection, "groupIds")]
    group = text(value, "groupId")
    return not group or UNKNOWN in groups or group in groups or f"groupId {group}, connected are {', '.join(groups)}"


def _beside_network(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(text(inputs, "subnet.id").rsplit("/subnets/", 1)[0])
    there, here = text(record.inputs, "location") if record else "", text(inputs, "location")
    if not there or not here or region(there) == region(here):
        return None
    return f"the virtual network is in {there!r}, the endpoint in {here!r}"


def _subnet_networks(record: Record | None) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    prefixes = subnet_prefixes(record.inputs) if record else []
    return [network for prefix in prefixes if (network := network_of(prefix)) is not None]


def _in_subnet(value: Value, inputs: Props, cloud: Cloud, config: Props) -> str | None:
    networks = _subnet_networks(cloud.get(text(inputs, "subnet.id")))
    try:
        address = ipaddress.ip_address(str(value))
    except ValueError:
        return f"{value!r} is no IP address"
    return None if not networks or any(address in one for one in networks) else f"{value!r} is not in the subnet"


def _not_reserved(value: Value, inputs: Props, cloud: Cloud, config: Props) -> str | None:
    networks = _subnet_networks(cloud.get(text(inputs, "subnet.id")))
    for one in networks:
        if one.version == 4 and str(value) in [str(one[index]) for index in (0, 1, 2, 3, -1)]:
            return f"Private static IP address {value} falls within reserved IP range of subnet prefix {one}"
    return None


def _dns_configs(one: Computing) -> list[Mapping[str, Any]]:
    before = lookup(one.old, "customDnsConfigs")
    if isinstance(before, list):
        return before
    subnet = text(one.inputs, "subnet.id")
    networks = _subnet_networks(one.cloud.get(subnet))
    taken = sum(text(other.inputs, "subnet.id").lower() == subnet.lower() for other in one.cloud.find(ENDPOINT))
    fixed = [text(item, "privateIPAddress") for item in items(one.inputs, "ipConfigurations")]
    address = fixed[0] if fixed else str(networks[0].network_address + 4 + taken) if networks else ""
    answer: list[Mapping[str, Any]] = []
    for connection in _connections(one.inputs):
        record = one.cloud.get(text(connection, "privateLinkServiceId"))
        for group in items(connection, "groupIds"):
            template = SERVICES.get(record.token, {}).get(str(group), "") if record else ""
            name = text(connection, "privateLinkServiceId").rsplit("/", 1)[-1]
            there = region(text(record.inputs, "location") or text(record.outputs, "location")) if record else ""
            answer.append({"fqdn": template.format(name=name, region=there), "ipAddresses": [address]})
    return answer


_C = "privateLinkServiceConnections"
_M = "manualPrivateLinkServiceConnections"


def _connection_rules(path: str) -> tuple[Any, ...]:
    return (
        Length(path=path, least=1, most=1, says="a private endpoint has one connection", source=_LINKS),
        Required(path=f"{path}[*].privateLinkServiceId", source=_LINKS),
        Required(path=f"{path}[*].groupIds", says="is required: the part to connect to (blob, vault…)", source=_LINKS),
        Length(
            path=f"{path}[*].groupIds",
            most=1,
            code="OnlyOneGroupIdPermitted",
            says="an endpoint to a resource of Azure itself takes one group id; make an endpoint for each",
            source="https://github.com/hashicorp/terraform-provider-azurerm/issues/5820",
        ),
        Length(path=f"{path}[*].requestMessage", most=140, says="at most 140 characters", source=_LINKS),
        EachNeeds(
            path=f"{path}[*]",
            name=f"target:{path}",
            test=_target,
            says="name an existing resource that takes private endpoints, and its own groupIds",
            source=_LINKS,
        ),
    )


def _kept(path: str) -> tuple[Unchangeable, ...]:
    """What an endpoint leads to is no update, and only its subnet replaces it."""
    return tuple(
        Unchangeable(
            path=f"{path}[0].{field}",
            test=lambda old, new: str(old).lower() == str(new).lower(),
            says="an endpoint stays with what it leads to; make another endpoint and delete this",
            source="hashicorp/terraform-provider-azurerm internal/services/network/private_endpoint_resource.go; "
            f"only subnet replaces it: {REPLACEMENT}",
        )
        for field in ("privateLinkServiceId", "groupIds")
    )


PRIVATE_ENDPOINT = ResourceType(
    token=ENDPOINT,
    about="An address in a virtual network that leads to one Azure resource.",
    sources=(
        _LINKS,
        "Azure/azure-rest-api-specs specification/network/resource-manager/Microsoft.Network/stable/2024-05-01",
    ),
    id=arm_id("Microsoft.Network", "privateEndpoints", "{privateEndpointName}"),
    named_by="privateEndpointName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "privateEndpointName",
        "location",
        "tags",
        "customNetworkInterfaceName",
        "ipConfigurations",
        "subnet.id",
        "subnet.privateEndpointNetworkPolicies",  # with the next one: filled in by the SDK
        "subnet.privateLinkServiceNetworkPolicies",
        *(
            f"{path}[*].{name}"
            for path in (_C, _M)
            for name in ("name", "groupIds", "privateLinkServiceId", "requestMessage")
        ),
    ),
    rules=(
        in_group(),
        located(),
        tagged(),
        Pattern(
            path="privateEndpointName",
            regex=r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}[A-Za-z0-9_]",
            says="must have 2 to 64 letters, digits, '_', '.' and '-', starting with a letter or digit",
            source=NAMES,
        ),
        Required(path="subnet", says="is required: the id of the subnet", source=_LINKS),
        Required(path="subnet.id", source=_LINKS),
        Refers(path="subnet.id", to=(SUBNET,), source=_LINKS),
        NeedsInCloud(
            path="location",
            name="same-region:location",
            test=_beside_network,
            says="an endpoint and its virtual network are in one region",
            source=_LINKS,
        ),
        ExactlyOne(path="", fields=(_C, _M), source=_LINKS),
        NeedsInCloud(
            path="subnet.id",
            name="undelegated:subnet",
            test=_undelegated,
            says="take a subnet that no service has been given",
            source=_LINKS + "#limitations",
        ),
        Pattern(
            path="customNetworkInterfaceName",
            regex=NAME,
            says="must have 1 to 80 letters, digits, '_', '.' and '-', starting with a letter or digit",
            source=NAMES,
        ),
        *_kept(_C),
        *_kept(_M),
        *_connection_rules(_C),
        *_connection_rules(_M),
        Required(path="ipConfigurations[*].name", source=_LINKS),
        UniqueItems(path="ipConfigurations", key="name", any_case=True, source=_LINKS),
        UniqueItems(path="ipConfigurations", name="apart:ipConfigurations", key="privateIPAddress", source=_LINKS),
        Must(
            path="ipConfigurations[*]",
            name="group:ipConfigurations",
            partial=True,
            test=_of_connection,
            says="groupId is the one of the connection",
            source="https://learn.microsoft.com/azure/private-link/create-private-endpoint-bicep",
        ),
        EachNeeds(
            path="ipConfigurations[*].privateIPAddress",
            name="free:privateIPAddress",
            test=_free_address,
            says="take an address that nothing has",
            source=_LINKS,
        ),
        EachNeeds(
            path="ipConfigurations[*].privateIPAddress",
            test=_in_subnet,
            says="must be an address of the subnet",
            source=_LINKS,
        ),
        EachNeeds(
            path="ipConfigurations[*].privateIPAddress",
            name="reserved:privateIPAddress",
            code="PrivateIPAddressInReservedRange",
            test=_not_reserved,
            says="Azure keeps the first four addresses and the last one of each subnet; take another",
            source="https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq",
        ),
    ),
    computed=arm_outputs(
        "Microsoft.Network/privateEndpoints",
        "2024-05-01",
        customDnsConfigs=_dns_configs,
        networkInterfaces=lambda one: [
            {"id": f"{one.id.split('/privateEndpoints/')[0]}/networkInterfaces/{one.name}.nic.{digest(one.id)}"}
        ],
        provisioningState=lambda one: "Succeeded",
    ),
    replaces=("resourceGroupName", "privateEndpointName", "location", "subnet"),
    on_create=placed,
    on_update=placed_again,
)


TYPES = (PRIVATE_ENDPOINT,)
