"""Private DNS zones, and the virtual networks that see them."""

from __future__ import annotations

from sandbox.azure.names import NAMES, REPLACEMENT, arm_id, arm_outputs, provider_id, random_suffix, text
from sandbox.azure.rules import in_group, in_parent, tagged
from sandbox.azure.types.network.endpoint import ZONE
from sandbox.azure.types.network.networks import NAME, NETWORK
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud
from sandbox.core.rules import Must, NeedsInCloud, Pattern, Refers, Required, Unchangeable
from sandbox.core.values import Props, lookup

__all__ = ["TYPES"]

LINK = "azure-native:privatedns:VirtualNetworkLink"
_ZONES = "https://learn.microsoft.com/azure/dns/private-dns-privatednszone"
_VNET_LINKS = "https://learn.microsoft.com/azure/dns/private-dns-virtual-network-links"

_RESERVED_TEXT = """
azclient.ms azure.com cloudapp.net core.windows.net microsoft.com msidentity.com trafficmanager.net windows.net
"""
_RESERVED = tuple(_RESERVED_TEXT.split())
_MOST_LABELS = 34


def _global() -> tuple[Required, Must]:
    return (
        Required(
            path="location",
            says="is required: Global (left out, the group's region would be used, which Azure refuses)",
            source=_ZONES,
        ),
        Must(
            path="location",
            name="global:location",
            code="LocationNotAvailableForResourceType",
            test=lambda value, _: str(value).lower() == "global",
            says="must be Global",
            source=_ZONES,
        ),
    )


PRIVATE_ZONE = ResourceType(
    token=ZONE,
    about="A DNS zone that only linked virtual networks see.",
    sources=(_ZONES,),
    id=arm_id("Microsoft.Network", "privateDnsZones", "{privateZoneName}"),
    named_by="privateZoneName",
    autoname=random_suffix,
    properties=("resourceGroupName", "privateZoneName", "location", "tags"),
    rules=(
        in_group(),
        *_global(),
        # As of public zones: neither spaces nor parentheses, and no digit at the start.
        tagged(names=r"[^\d\s()][^\s()]*"),
        Must(
            path="privateZoneName",
            name="reserved:privateZoneName",
            test=lambda value, _: str(value).lower() not in _RESERVED,
            says="is reserved by Azure for its own services",
            source=_ZONES + "#restrictions",
        ),
        Must(
            path="privateZoneName",
            name="labels:privateZoneName",
            test=lambda value, _: len(str(value).split(".")) <= _MOST_LABELS,
            says=f"has at most {_MOST_LABELS} labels",
            source=NAMES,
        ),
        Pattern(
            path="privateZoneName",
            regex=r"(?=.{1,253}$)([a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?\.)+[a-zA-Z0-9_-]{1,63}",
            says="must be a domain name of at least two labels, without a dot at the end",
            source=_ZONES,
        ),
    ),
    computed=arm_outputs(
        "Microsoft.Network/privateDnsZones",
        "2024-06-01",
        maxNumberOfRecordSets=lambda one: 25000,
        numberOfRecordSets=lambda one: 1,
        provisioningState=lambda one: "Succeeded",
    ),
    replaces=("resourceGroupName", "privateZoneName", "location"),
)


def _linked_once(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    zone = provider_id(inputs, config, "Microsoft.Network", "privateDnsZones", text(inputs, "privateZoneName")).lower()
    own = f"{zone}/virtualnetworklinks/{text(inputs, 'virtualNetworkLinkName').lower()}"
    for record in cloud.find(LINK):
        same_network = text(record.inputs, "virtualNetwork.id").lower() == text(inputs, "virtualNetwork.id").lower()
        if record.id.lower() != own and same_network and record.id.lower().startswith(zone + "/"):
            return f"the network is linked to the zone by {record.id}"
    return None


def _same_name(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    name, network = text(inputs, "privateZoneName").lower(), text(inputs, "virtualNetwork.id").lower()
    zone = provider_id(inputs, config, "Microsoft.Network", "privateDnsZones", name).lower()
    for record in cloud.find(LINK):
        other = record.id.lower().partition("/virtualnetworklinks/")[0]
        if other != zone and other.endswith(f"/{name}") and text(record.inputs, "virtualNetwork.id").lower() == network:
            return f"the network is linked to another zone {name!r} by {record.id}"
    return None


def _registers_once(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    if lookup(inputs, "registrationEnabled") is not True:
        return None
    zone = provider_id(inputs, config, "Microsoft.Network", "privateDnsZones", text(inputs, "privateZoneName"))
    own = f"{zone}/virtualNetworkLinks/{text(inputs, 'virtualNetworkLinkName')}".lower()
    for record in cloud.find(LINK):
        same_network = text(record.inputs, "virtualNetwork.id").lower() == text(inputs, "virtualNetwork.id").lower()
        registers = lookup(record.inputs, "registrationEnabled") is True
        if record.id.lower() != own and same_network and registers:
            return f"the network registers in {record.id}"
    return None


VIRTUAL_NETWORK_LINK = ResourceType(
    token=LINK,
    about="Lets a virtual network see a private DNS zone.",
    sources=(_VNET_LINKS,),
    id=arm_id(
        "Microsoft.Network",
        "privateDnsZones",
        "{privateZoneName}",
        "virtualNetworkLinks",
        "{virtualNetworkLinkName}",
    ),
    named_by="virtualNetworkLinkName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "privateZoneName",
        "virtualNetworkLinkName",
        "location",
        "tags",
        "registrationEnabled",
        "resolutionPolicy",
        "virtualNetwork.id",
    ),
    rules=(
        in_group(),
        in_parent(
            "privateZoneName", "PrivateZone", "Microsoft.Network", "privateDnsZones", "{privateZoneName}", token=ZONE
        ),
        *_global(),
        tagged(),
        Pattern(
            path="virtualNetworkLinkName",
            regex=NAME,
            says="must have 1 to 80 letters, digits, '_', '.' and '-', starting with a letter or digit",
            source=NAMES,
        ),
        Required(path="virtualNetwork", says="is required: the id of the network", source=_VNET_LINKS),
        Required(path="virtualNetwork.id", source=_VNET_LINKS),
        Refers(path="virtualNetwork.id", to=(NETWORK,), source=_VNET_LINKS),
        NeedsInCloud(
            path="virtualNetwork.id",
            name="once:virtualNetwork",
            test=_linked_once,
            says="a network is linked to a zone once",
            source=_VNET_LINKS,
        ),
        NeedsInCloud(
            path="virtualNetwork.id",
            name="namespace:virtualNetwork",
            code="BadRequest",
            test=_same_name,
            says="A virtual network cannot be linked to multiple zones with overlapping namespaces: use the one there",
            source="https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes (virtual network link failed)",
        ),
        Unchangeable(
            path="virtualNetwork.id",
            test=lambda old, new: str(old).lower() == str(new).lower(),
            says="a link stays with its network; make another link",
            source=f"{_VNET_LINKS}; it does not replace it: {REPLACEMENT}",
        ),
        NeedsInCloud(
            path="registrationEnabled",
            name="once:registrationEnabled",
            test=_registers_once,
            says="a network can register in one zone only",
            source=_VNET_LINKS,
        ),
    ),
    computed=arm_outputs(
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        "2024-06-01",
        virtualNetworkLinkState=lambda one: "Completed",
        provisioningState=lambda one: "Succeeded",
    ),
    replaces=("resourceGroupName", "privateZoneName", "virtualNetworkLinkName", "location"),
)

TYPES = (PRIVATE_ZONE, VIRTUAL_NETWORK_LINK)
