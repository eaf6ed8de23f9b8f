"""What stands in a subnet, and what of it may change then; which sizes and names Azure keeps for itself."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from sandbox.azure.names import items, provider_id, region, text
from sandbox.azure.rules import network_of, subnet_prefixes
from sandbox.azure.types.containerapp.ingress import ENVIRONMENT
from sandbox.azure.types.environment.network import ENDPOINT
from sandbox.azure.types.postgres.server import SERVER
from sandbox.core.records import Cloud
from sandbox.core.rules import Must, NeedsInCloud, Rule
from sandbox.core.values import Props, Value, is_set, lookup

__all__ = ["SUBNET_USE_RULES", "networks_apart", "subnets_inside", "users_of_subnet"]

_FAQ = "https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq"
_IN_USE = "https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-subnet"
_NAMED = {"gatewaysubnet": 29, "azurebastionsubnet": 26, "azurefirewallsubnet": 26, "azurefirewallmanagementsubnet": 26}
_WITHOUT_GROUP = ("gatewaysubnet", "azurefirewallsubnet", "azurefirewallmanagementsubnet")


def users_of_subnet(subnet: str, cloud: Cloud) -> list[str]:
    """The ids of what stands in a subnet."""
    wanted = subnet.lower()
    places = (
        (ENVIRONMENT, "vnetConfiguration.infrastructureSubnetId"),
        (SERVER, "network.delegatedSubnetResourceId"),
        (ENDPOINT, "subnet.id"),
    )
    return [one.id for token, at in places for one in cloud.find(token) if text(one.inputs, at).lower() == wanted]


def networks_apart(value: Value, _: Props) -> bool | str:
    """For `Must`: ranges of which none overlaps another."""
    networks = [network for item in value if isinstance(item, str) and (network := network_of(item)) is not None]
    for index, one in enumerate(networks):
        for other in networks[index + 1 :]:
            if one.overlaps(other):
                return f"{one} and {other} overlap"
    return True


def _network_of_subnet(inputs: Props, config: Props) -> str:
    return provider_id(inputs, config, "Microsoft.Network", "virtualNetworks", text(inputs, "virtualNetworkName"))


def _services(inputs: Props) -> list[str]:
    return sorted(text(one, "serviceName").lower() for one in items(inputs, "delegations"))


def _kept(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    identity = f"{_network_of_subnet(inputs, config)}/subnets/{text(inputs, 'subnetName')}"
    record = cloud.get(identity)
    users = users_of_subnet(identity, cloud) if record else []
    if record is None or not users:
        return None
    if sorted(subnet_prefixes(record.inputs)) != sorted(subnet_prefixes(inputs)):
        return f"InUsePrefixCannotBeDeleted: its range is used by {users[0]}"
    if _services(record.inputs) != _services(inputs):
        return f"SubnetMissingRequiredDelegation: its delegation would change under {users[0]}"
    return None


def _group_beside(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    group = cloud.get(text(inputs, "networkSecurityGroup.id"))
    network = cloud.get(_network_of_subnet(inputs, config))
    if group is None or network is None:
        return None
    here, there = (text(one.inputs, "location") or text(one.outputs, "location") for one in (network, group))
    same = not here or not there or region(here) == region(there)
    return None if same else f"the network is in {here!r}, the security group in {there!r}"


def _named_size(value: Value, inputs: Props) -> bool | str:
    least = _NAMED.get(str(value).lower())
    networks = [network_of(one) for one in subnet_prefixes(inputs)]
    small = [one for one in networks if one is not None and one.version == 4 and least and one.prefixlen > least]
    return not small or f"{small[0]} (at least a /{least})"


SUBNET_USE_RULES: tuple[Rule, ...] = (
    NeedsInCloud(
        path="subnetName",
        name="kept:subnet",
        test=_kept,
        says="a subnet in which something stands keeps its range and its delegation",
        source=_IN_USE,
    ),
    NeedsInCloud(
        path="networkSecurityGroup.id",
        name="same-region:networkSecurityGroup",
        test=_group_beside,
        says="a security group and the networks of its subnets are in one region",
        source="https://learn.microsoft.com/azure/virtual-network/manage-network-security-group",
    ),
    Must(
        path="subnetName",
        name="size:subnetName",
        test=_named_size,
        says="a subnet of that name is for one service, which needs more",
        source="https://learn.microsoft.com/azure/bastion/configuration-settings#subnet",
    ),
    Must(
        path="networkSecurityGroup",
        name="gateway:networkSecurityGroup",
        partial=True,
        test=lambda value, inputs: text(inputs, "subnetName").lower() not in _WITHOUT_GROUP,
        says="the subnets of gateways and of Azure's firewall take no security group",
        source="https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings#gwsub",
    ),
    Must(
        path="addressPrefixes",
        name="apart:addressPrefixes",
        code="NetcfgSubnetRangesOverlap",
        test=networks_apart,
        says="the ranges of a subnet may not overlap",
        source=_FAQ,
    ),
)


def subnets_inside(inputs: Props, cloud: Cloud, config: Props, token: str) -> str | None:
    """For a virtual network: why its new ranges do not hold the subnets that it has."""
    network = provider_id(inputs, config, "Microsoft.Network", "virtualNetworks", text(inputs, "virtualNetworkName"))
    spaces = [one for item in items(inputs, "addressSpace.addressPrefixes") if (one := network_of(str(item)))]
    if not is_set(lookup(inputs, "addressSpace")) or not spaces:
        return None
    for record in cloud.find(token):
        if not record.id.lower().startswith(f"{network.lower()}/subnets/"):
            continue
        for prefix in subnet_prefixes(record.inputs):
            one = network_of(prefix)
            if one is not None and not any(_within(one, space) for space in spaces):
                return f"subnet {record.id} has {prefix}"
    return None


def _within(one: object, space: object) -> bool:
    if isinstance(one, IPv4Network) and isinstance(space, IPv4Network):
        return one.subnet_of(space)
    return isinstance(one, IPv6Network) and isinstance(space, IPv6Network) and one.subnet_of(space)
