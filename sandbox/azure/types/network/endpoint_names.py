"""The name of a private endpoint in private DNS zones."""

from __future__ import annotations

from sandbox.azure.names import NAMES, arm_id, arm_outputs, provider_id, random_suffix, text
from sandbox.azure.rules import in_group, in_parent
from sandbox.azure.types.environment.network import ENDPOINT
from sandbox.azure.types.network.endpoint import ZONE
from sandbox.azure.types.network.networks import NAME
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud
from sandbox.core.rules import Length, NeedsInCloud, Pattern, Refers, Required, UniqueItems
from sandbox.core.values import Props

__all__ = ["TYPES"]

GROUP = "azure-native:network:PrivateDnsZoneGroup"
_DNS = "https://learn.microsoft.com/azure/private-link/private-endpoint-dns"


def _one_group(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    name = text(inputs, "privateEndpointName")
    endpoint = provider_id(inputs, config, "Microsoft.Network", "privateEndpoints", name).lower()
    own = f"{endpoint}/privatednszonegroups/{text(inputs, 'privateDnsZoneGroupName').lower()}"
    others = [
        one.id for one in cloud.find(GROUP) if one.id.lower().startswith(endpoint + "/") and one.id.lower() != own
    ]
    return f"the endpoint has the group {others[0]}" if others else None


PRIVATE_DNS_ZONE_GROUP = ResourceType(
    token=GROUP,
    about="Puts the address of a private endpoint into private DNS zones.",
    sources=(_DNS,),
    id=arm_id(
        "Microsoft.Network",
        "privateEndpoints",
        "{privateEndpointName}",
        "privateDnsZoneGroups",
        "{privateDnsZoneGroupName}",
    ),
    named_by="privateDnsZoneGroupName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "privateEndpointName",
        "privateDnsZoneGroupName",
        "privateDnsZoneConfigs[*].name",
        "privateDnsZoneConfigs[*].privateDnsZoneId",
    ),
    rules=(
        in_group(),
        in_parent(
            "privateEndpointName",
            "PrivateEndpoint",
            "Microsoft.Network",
            "privateEndpoints",
            "{privateEndpointName}",
            token=ENDPOINT,
        ),
        Pattern(
            path="privateDnsZoneGroupName",
            regex=NAME,
            says="must have 1 to 80 letters, digits, '_', '.' and '-', starting with a letter or digit",
            source=NAMES,
        ),
        Required(path="privateDnsZoneConfigs", says="is required: at least one zone", source=_DNS),
        Length(path="privateDnsZoneConfigs", most=5, says="at most five zones", source=_DNS),
        UniqueItems(path="privateDnsZoneConfigs", key="name", any_case=True, source=_DNS),
        Required(path="privateDnsZoneConfigs[*].privateDnsZoneId", source=_DNS),
        UniqueItems(
            path="privateDnsZoneConfigs",
            key="privateDnsZoneId",
            name="once:privateDnsZoneId",
            any_case=True,
            source=_DNS,
        ),
        Refers(path="privateDnsZoneConfigs[*].privateDnsZoneId", to=(ZONE,), source=_DNS),
        NeedsInCloud(
            path="privateDnsZoneGroupName",
            name="only:privateDnsZoneGroupName",
            test=_one_group,
            says="a private endpoint has one zone group; put more zones into it",
            source=_DNS,
        ),
    ),
    computed=arm_outputs(
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        "2024-05-01",
        provisioningState=lambda one: "Succeeded",
    ),
    replaces=("resourceGroupName", "privateEndpointName", "privateDnsZoneGroupName"),
    not_checked=("That the zone is the one of the service (privatelink.…) is not checked; Azure does not either.",),
)

TYPES = (PRIVATE_DNS_ZONE_GROUP,)
