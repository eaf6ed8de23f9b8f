"""Azure networks: virtual networks and their subnets."""

from __future__ import annotations

import ipaddress

from sandbox.azure.names import (
    NAMES,
    SUBNET,
    arm_id,
    arm_outputs,
    guid_of,
    items,
    placed,
    placed_again,
    provider_id,
    random_suffix,
    region,
    text,
)
from sandbox.azure.rules import REGIONS, in_group, in_parent, located, network_of, strict_cidr, subnet_prefixes, tagged
from sandbox.azure.types.network.use import SUBNET_USE_RULES, networks_apart, subnets_inside, users_of_subnet
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud
from sandbox.core.rules import (
    Between,
    ExactlyOne,
    Length,
    Must,
    NeedsInCloud,
    OneOf,
    Pattern,
    Refers,
    Required,
    UniqueItems,
)
from sandbox.core.values import Props, Value

__all__ = ["NAME", "NETWORK", "SECURITY_GROUP", "TYPES"]

NETWORK = "azure-native:network:VirtualNetwork"
SECURITY_GROUP = "azure-native:network:NetworkSecurityGroup"
_FAQ = "https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq"
_DELEGATION = "https://learn.microsoft.com/azure/virtual-network/subnet-delegation-overview"
_ENDPOINTS = "https://learn.microsoft.com/azure/virtual-network/virtual-network-service-endpoints-overview"
_GROUPS = "https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview"
NAME = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?"
_RESERVED = [
    ipaddress.ip_network(one)
    for one in ("224.0.0.0/4", "255.255.255.255/32", "127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32")
]
_DELEGATES_TEXT = """
Microsoft.App/environments Microsoft.App/testClients Microsoft.ApiManagement/service
Microsoft.ContainerInstance/containerGroups Microsoft.ContainerService/managedClusters
Microsoft.DBforMySQL/flexibleServers Microsoft.DBforPostgreSQL/flexibleServers Microsoft.DevCenter/networkConnection
Microsoft.Netapp/volumes Microsoft.Network/dnsResolvers Microsoft.Sql/managedInstances
Microsoft.Web/hostingEnvironments Microsoft.Web/serverFarms
"""
_DELEGATES = tuple(_DELEGATES_TEXT.split())
_SERVICES_TEXT = """
Microsoft.AzureActiveDirectory Microsoft.AzureCosmosDB Microsoft.CognitiveServices Microsoft.ContainerRegistry
Microsoft.EventHub Microsoft.KeyVault Microsoft.ServiceBus Microsoft.Sql Microsoft.Storage Microsoft.Storage.Global
Microsoft.Web
"""
_SERVICES = tuple(_SERVICES_TEXT.split())


def _not_reserved(value: Value, _: Props) -> bool | str:
    network = network_of(str(value))
    return network is None or not any(network.overlaps(one) for one in _RESERVED) or str(value)


def _is_address(value: Value, _: Props) -> bool:
    try:
        return bool(ipaddress.ip_address(str(value)))
    except ValueError:
        return False


def _size(value: Value, _: Props) -> bool | str:
    network = network_of(str(value))
    return network is None or network.version == 6 or 2 <= network.prefixlen <= 29 or f"/{network.prefixlen}"


def _some_ipv4(value: Value, _: Props) -> bool:
    networks = [network_of(str(one)) for one in value]
    return any(one is None or one.version == 4 for one in networks)


def _holds_its_subnets(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    return subnets_inside(inputs, cloud, config, SUBNET)


def _network_free(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    own = text(inputs, "id").lower() + "/"
    for record in cloud.find(SUBNET):
        users = users_of_subnet(record.id, cloud)
        if record.id.lower().startswith(own) and users:
            return f"Subnet {record.id} is in use by {users[0]}"
    return None


VIRTUAL_NETWORK = ResourceType(
    token=NETWORK,
    about="A virtual network.",
    sources=(
        _FAQ,
        "Azure/azure-rest-api-specs specification/network/resource-manager/Microsoft.Network/stable/2024-05-01",
    ),
    id=arm_id("Microsoft.Network", "virtualNetworks", "{virtualNetworkName}"),
    named_by="virtualNetworkName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "virtualNetworkName",
        "location",
        "tags",
        "enableDdosProtection",  # with the next one: filled in by the SDK
        "enableVmProtection",
        "addressSpace.addressPrefixes",
        "dhcpOptions.dnsServers",
        "flowTimeoutInMinutes",
    ),
    rules=(
        in_group(),
        located(),
        tagged(),
        Pattern(
            path="virtualNetworkName",
            regex=r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}[A-Za-z0-9_]",
            says="must have 2 to 64 letters, digits, '_', '.' and '-', starting with a letter or digit",
            source=NAMES,
        ),
        Required(path="addressSpace", says="is required: addressPrefixes", source=_FAQ),
        Required(path="addressSpace.addressPrefixes", says="is required: at least one CIDR", source=_FAQ),
        Must(
            path="addressSpace.addressPrefixes[*]",
            name="cidr:addressPrefixes",
            code="InvalidCIDRNotation",
            test=strict_cidr,
            says="must be a CIDR whose host bits are 0 (10.0.0.0/16)",
            source=_FAQ,
        ),
        Must(
            path="addressSpace.addressPrefixes[*]",
            name="reserved:addressPrefixes",
            test=_not_reserved,
            says="overlaps a range that Azure keeps (multicast, loopback, link-local, 168.63.129.16)",
            source=_FAQ,
        ),
        Must(
            path="addressSpace.addressPrefixes",
            name="apart:addressPrefixes",
            test=networks_apart,
            says="the ranges of a network may not overlap",
            source=_FAQ,
        ),
        Must(
            path="addressSpace.addressPrefixes[*]",
            name="size:addressPrefixes",
            test=_size,
            says="an IPv4 range of a network is a /29 at least and a /2 at most",
            source=_FAQ,
        ),
        Must(
            path="addressSpace.addressPrefixes",
            name="ipv4:addressPrefixes",
            test=_some_ipv4,
            says="needs an IPv4 range: there are no networks of IPv6 alone",
            source="https://learn.microsoft.com/azure/virtual-network/ip-services/ipv6-overview",
        ),
        NeedsInCloud(
            path="addressSpace.addressPrefixes",
            name="subnets:addressPrefixes",
            code="InUsePrefixCannotBeDeleted",
            test=_holds_its_subnets,
            says="the ranges of the network's subnets must stay inside it",
            source="https://learn.microsoft.com/azure/virtual-network/manage-virtual-network",
        ),
        UniqueItems(path="dhcpOptions.dnsServers", source=_FAQ),
        Must(path="dhcpOptions.dnsServers[*]", test=_is_address, says="must be an IP address", source=_FAQ),
        Between(path="flowTimeoutInMinutes", least=4, most=30, source=_FAQ),
    ),
    computed=arm_outputs(
        "Microsoft.Network/virtualNetworks",
        "2024-05-01",
        resourceGuid=lambda one: guid_of(one.id),
        provisioningState=lambda one: "Succeeded",
    ),
    replaces=("resourceGroupName", "virtualNetworkName", "location"),
    on_create=placed,
    on_update=placed_again,
    deletion=(
        NeedsInCloud(
            path="",
            name="free",
            code="InUseSubnetCannotBeDeleted",
            test=_network_free,
            says="delete what stands in the network first",
            source="https://github.com/microsoft/nav-arm-templates/issues/161",
        ),
    ),
    not_checked=("Subnets inside the network's own definition are not simulated: use Subnet resources.",),
)


def _outside(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    network = cloud.get(
        provider_id(inputs, config, "Microsoft.Network", "virtualNetworks", text(inputs, "virtualNetworkName"))
    )
    prefixes = items(network.inputs, "addressSpace.addressPrefixes") if network else []
    spaces = [space for prefix in prefixes if (space := network_of(str(prefix))) is not None]
    for prefix in subnet_prefixes(inputs):
        one = network_of(prefix)
        if network is None or one is None or any(_within(one, space) for space in spaces):
            continue
        return (
            f"its IP address range {prefix} is outside the range of the virtual network "
            f"({', '.join(map(str, prefixes))})"
        )
    return None


def _within(
    one: ipaddress.IPv4Network | ipaddress.IPv6Network, space: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> bool:
    return one.version == space.version and one.network_address in space and one.broadcast_address in space


def _overlapping(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    network = provider_id(inputs, config, "Microsoft.Network", "virtualNetworks", text(inputs, "virtualNetworkName"))
    own = f"{network}/subnets/{text(inputs, 'subnetName')}".lower()
    for record in cloud.find(SUBNET):
        if record.id.lower() == own or not record.id.lower().startswith(network.lower() + "/"):
            continue
        for prefix in subnet_prefixes(inputs):
            for other in subnet_prefixes(record.inputs):
                one, two = network_of(prefix), network_of(other)
                if one is not None and two is not None and one.overlaps(two):
                    return f"its IP address range {prefix} overlaps with {other} of subnet {record.id}"
    return None


def _large_enough(value: Value, _: Props) -> bool | str:
    network = network_of(str(value))
    if network is None:
        return True
    right = network.prefixlen == 64 if network.version == 6 else network.prefixlen <= 29
    return right or f"/{network.prefixlen}"


def _subnet_free(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    users = users_of_subnet(text(inputs, "id"), cloud)
    return f"it is in use by {users[0]}" if users else None


def _prefix_rules(path: str) -> tuple[Must, Must]:
    return (
        Must(
            path=path,
            name=f"cidr:{path}",
            code="InvalidCIDRNotation",
            test=strict_cidr,
            says="must be a CIDR whose host bits are 0 (10.0.1.0/24)",
            source=_FAQ,
        ),
        Must(
            path=path,
            name=f"size:{path}",
            test=_large_enough,
            says="the smallest IPv4 subnet is a /29 (Azure keeps five addresses), an IPv6 one is a /64",
            source=_FAQ,
        ),
    )


SUBNET_TYPE = ResourceType(
    token=SUBNET,
    about="A range of addresses of a virtual network.",
    sources=(_FAQ, _DELEGATION, _ENDPOINTS),
    id=arm_id("Microsoft.Network", "virtualNetworks", "{virtualNetworkName}", "subnets", "{subnetName}"),
    named_by="subnetName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "virtualNetworkName",
        "subnetName",
        "addressPrefix",
        "addressPrefixes",
        "defaultOutboundAccess",
        "delegations[*].name",
        "delegations[*].serviceName",
        "networkSecurityGroup.id",
        "privateEndpointNetworkPolicies",
        "privateLinkServiceNetworkPolicies",
        "serviceEndpoints[*].service",
        "serviceEndpoints[*].locations",
    ),
    rules=(
        in_group(),
        in_parent(
            "virtualNetworkName",
            "VirtualNetwork",
            "Microsoft.Network",
            "virtualNetworks",
            "{virtualNetworkName}",
            token=NETWORK,
        ),
        Pattern(
            path="subnetName",
            regex=NAME,
            says="must have 1 to 80 letters, digits, '_', '.' and '-', starting with a letter or digit",
            source=NAMES,
        ),
        ExactlyOne(path="", fields=("addressPrefix", "addressPrefixes"), source=_FAQ),
        *_prefix_rules("addressPrefix"),
        *_prefix_rules("addressPrefixes[*]"),
        NeedsInCloud(
            path="addressPrefix",
            name="inside:network",
            code="NetcfgSubnetRangeOutsideVnet",
            test=_outside,
            says="take a range of the network's addressSpace",
            source="https://github.com/MicrosoftDocs/azure-docs/pull/123869",
        ),
        NeedsInCloud(
            path="addressPrefix",
            name="apart:subnets",
            code="NetcfgSubnetRangesOverlap",
            test=_overlapping,
            says="take a range that no other subnet has",
            source="https://github.com/MicrosoftDocs/azure-docs/pull/123869",
        ),
        *SUBNET_USE_RULES,
        Length(path="delegations", most=1, says="a subnet can be delegated to one service", source=_DELEGATION),
        Required(path="delegations[*].name", source=_DELEGATION),
        Required(path="delegations[*].serviceName", source=_DELEGATION),
        OneOf(path="delegations[*].serviceName", values=_DELEGATES, any_case=True, source=_DELEGATION),
        Required(path="networkSecurityGroup.id", source=_GROUPS),
        Refers(path="networkSecurityGroup.id", to=(SECURITY_GROUP,), source=_GROUPS),
        Required(path="serviceEndpoints[*].service", source=_ENDPOINTS),
        OneOf(path="serviceEndpoints[*].service", values=_SERVICES, any_case=True, source=_ENDPOINTS),
        Must(
            path="serviceEndpoints[*].locations[*]",
            test=lambda value, _: value == "*" or region(str(value)) in REGIONS or repr(value),
            says="must be a region of Azure, or * for all",
            source=_ENDPOINTS,
        ),
        UniqueItems(path="serviceEndpoints", key="service", any_case=True, source=_ENDPOINTS),
    ),
    computed=arm_outputs(
        "Microsoft.Network/virtualNetworks/subnets", "2024-05-01", provisioningState=lambda one: "Succeeded"
    ),
    replaces=("resourceGroupName", "virtualNetworkName", "subnetName"),
    deletion=(
        NeedsInCloud(
            path="",
            name="free",
            code="InUseSubnetCannotBeDeleted",
            test=_subnet_free,
            says="delete what stands in the subnet first",
            source="https://github.com/microsoft/nav-arm-templates/issues/161",
        ),
    ),
)


TYPES = (VIRTUAL_NETWORK, SUBNET_TYPE)
