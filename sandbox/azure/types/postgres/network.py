"""Azure Database for PostgreSQL: a server inside a virtual network, or in public."""

from __future__ import annotations

from sandbox.azure.names import SUBNET, items, region, text
from sandbox.azure.rules import network_of, subnet_prefixes
from sandbox.core.records import Cloud
from sandbox.core.rules import Must, NeedsInCloud, Refers, Rule, Unchangeable
from sandbox.core.values import Props, Value, is_set, lookup

__all__ = ["NETWORK_RULES", "host_of"]

_ZONE = "azure-native:privatedns:PrivateZone"
_RESOURCE = "hashicorp/terraform-provider-azurerm internal/services/postgres/postgresql_flexible_server_resource.go"
_NETWORK = "https://learn.microsoft.com/azure/postgresql/network/concepts-networking-private"


def host_of(server_name: str) -> str:
    """The host name of a flexible server: by it the real database behind a simulated server is found."""
    return f"{server_name}.postgres.database.azure.com"


def _beside_network(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(text(inputs, "network.delegatedSubnetResourceId").rsplit("/subnets/", 1)[0])
    there, here = text(record.inputs, "location") if record else "", text(inputs, "location")
    if not there or not here or region(there) == region(here):
        return None
    return f"the virtual network is in {there!r}, the server in {here!r}"


def _large_enough(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(text(inputs, "network.delegatedSubnetResourceId"))
    networks = [network_of(one) for one in subnet_prefixes(record.inputs)] if record else []
    small = [one for one in networks if one is not None and one.version == 4 and one.prefixlen > 28]
    return f"the subnet is {small[0]}" if small else None


def _together(value: Value, _: Props) -> bool:
    subnet, zone = (lookup(value, name) for name in ("delegatedSubnetResourceId", "privateDnsZoneArmResourceId"))
    return is_set(subnet) == is_set(zone)


def _private(inputs: Props) -> bool:
    return is_set(lookup(inputs, "network.delegatedSubnetResourceId"))


def _delegated(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(text(inputs, "network.delegatedSubnetResourceId"))
    services = [text(one, "serviceName") for one in items(record.inputs, "delegations")] if record else []
    wanted = "Microsoft.DBforPostgreSQL/flexibleServers"
    if record is None or wanted.lower() in [service.lower() for service in services]:
        return None
    return f"the subnet is delegated to {', '.join(services) or 'nothing'}"


def _zone_name(value: Value, _: Props) -> bool:
    return str(value).lower().endswith(".postgres.database.azure.com")


NETWORK_RULES: tuple[Rule, ...] = (
    Must(
        path="network",
        name="together:network",
        partial=True,
        test=_together,
        says=("a server in a virtual network takes delegatedSubnetResourceId and privateDnsZoneArmResourceId, both"),
        source=_NETWORK,
    ),
    Must(
        path="network.publicNetworkAccess",
        when=_private,
        test=lambda value, _: value != "Enabled",
        says="a server in a virtual network has no public access; leave it out",
        source=_NETWORK,
    ),
    Must(
        path="network.privateDnsZoneArmResourceId",
        name="zone:network",
        test=_zone_name,
        says="the zone's name must end with .postgres.database.azure.com",
        source=_NETWORK,
    ),
    NeedsInCloud(
        path="network.delegatedSubnetResourceId",
        name="same-region:network",
        test=_beside_network,
        says="a server and its virtual network are in one region",
        source=_NETWORK,
    ),
    NeedsInCloud(
        path="network.delegatedSubnetResourceId",
        name="size:network",
        test=_large_enough,
        says="the subnet is a /28 at least",
        source=_NETWORK,
    ),
    Must(
        path="network.privateDnsZoneArmResourceId",
        name="other-name:network",
        test=lambda value, inputs: str(value).rsplit("/", 1)[-1].lower() != host_of(text(inputs, "serverName")).lower(),
        says="the zone may not have the server's own name",
        source=_NETWORK,
    ),
    Refers(path="network.delegatedSubnetResourceId", to=(SUBNET,), source=_NETWORK),
    Refers(path="network.privateDnsZoneArmResourceId", to=(_ZONE,), source=_NETWORK),
    NeedsInCloud(
        path="network.delegatedSubnetResourceId",
        name="delegation:network",
        test=_delegated,
        says="delegate the subnet to Microsoft.DBforPostgreSQL/flexibleServers",
        source=_NETWORK,
    ),
    Unchangeable(
        path="network.delegatedSubnetResourceId",
        absent="",
        test=lambda old, new: str(new).lower() == str(old).lower(),
        says="a server stays in its subnet; make another server",
        source=_RESOURCE,
    ),
)
