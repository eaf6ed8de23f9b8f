"""Container Apps: the subnet that an environment may stand in."""

from __future__ import annotations

import ipaddress

from sandbox.azure.names import SUBNET, items, known, provider_id, region, text
from sandbox.azure.rules import network_of, subnet_prefixes
from sandbox.azure.types.containerapp.ingress import ENVIRONMENT
from sandbox.core.records import Cloud
from sandbox.core.rules import Must, NeedsInCloud, Refers, Required, Rule
from sandbox.core.values import UNKNOWN, Props, is_set, lookup

__all__ = ["ENDPOINT", "NETWORK_RULES", "SUBNET_PATH"]

_NETWORK = "https://learn.microsoft.com/azure/container-apps/custom-virtual-networks"
ENDPOINT = "azure-native:network:PrivateEndpoint"
SUBNET_PATH = "vnetConfiguration.infrastructureSubnetId"


def _delegated(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(text(inputs, SUBNET_PATH))
    if record is None or lookup(inputs, "workloadProfiles") is UNKNOWN:
        return None
    services = [text(one, "serviceName") for one in items(record.inputs, "delegations")]
    if items(inputs, "workloadProfiles"):
        found = "microsoft.app/environments" in [service.lower() for service in services]
        return None if found else "The subnet of the environment must be delegated to 'Microsoft.App/environments'"
    return f"the subnet is delegated to {services[0]}" if services else None


def _large_enough(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(text(inputs, SUBNET_PATH))
    if record is None or lookup(inputs, "workloadProfiles") is UNKNOWN:
        return None
    least = 27 if items(inputs, "workloadProfiles") else 23
    networks = [network_of(prefix) for prefix in subnet_prefixes(record.inputs)]
    if all(network is None or network.prefixlen <= least for network in networks):
        return None
    return f"Provided subnet must have a size of at least /{least}"


def _own_subnet(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    own = provider_id(inputs, config, "Microsoft.App", "managedEnvironments", text(inputs, "environmentName"))
    subnet = text(inputs, SUBNET_PATH).lower()
    for record in cloud.find(ENVIRONMENT):
        if subnet and record.id.lower() != own.lower() and text(record.inputs, SUBNET_PATH).lower() == subnet:
            return f"the subnet is used by {record.id}"
    return None


_KEPT = [ipaddress.ip_network(one) for one in ("169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24")]
_KEPT_WITH_PROFILES = [
    ipaddress.ip_network(one) for one in ("100.100.0.0/17", "100.100.128.0/19", "100.100.160.0/19", "100.100.192.0/19")
]


def _own_ranges(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(text(inputs, SUBNET_PATH))
    kept = [*_KEPT, *(_KEPT_WITH_PROFILES if items(inputs, "workloadProfiles") else [])]
    for prefix in subnet_prefixes(record.inputs) if record else []:
        network = network_of(prefix)
        taken = next((one for one in kept if network is not None and one.overlaps(network)), None)
        if taken is not None:
            return f"the subnet's {prefix} overlaps {taken}"
    return None


def _empty_subnet(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    subnet = text(inputs, SUBNET_PATH).lower()
    there = [one.id for one in cloud.find(ENDPOINT) if subnet and text(one.inputs, "subnet.id").lower() == subnet]
    return f"{there[0]} stands in the subnet" if there else None


def _beside_network(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(text(inputs, SUBNET_PATH).rsplit("/subnets/", 1)[0])
    there = text(record.inputs, "location") if record else ""
    here = text(inputs, "location")
    if not there or not here or region(there) == region(here):
        return None
    return f"the virtual network is in {there!r}, the environment in {here!r}"


NETWORK_RULES: tuple[Rule, ...] = (
    Required(
        path=SUBNET_PATH,
        when=lambda inputs: known(inputs, "vnetConfiguration.internal") is True,
        says="is required with internal: true",
        source="azure-mgmt-appcontainers 3.2.0 models.VnetConfiguration",
    ),
    Must(
        path="zoneRedundant",
        name="subnet:zoneRedundant",
        test=lambda value, inputs: value is not True or is_set(lookup(inputs, SUBNET_PATH)),
        says="zone redundancy needs vnetConfiguration.infrastructureSubnetId",
        source="https://learn.microsoft.com/azure/reliability/reliability-azure-container-apps",
    ),
    Refers(
        path=SUBNET_PATH,
        to=(SUBNET,),
        code="ManagedEnvironmentInvalidNetworkConfiguration",
        says="The subnet and its addressPrefix could not be found: must be the id of an existing subnet",
        source="https://github.com/pulumi/pulumi-azure-native/issues/3244",
    ),
    NeedsInCloud(
        path=SUBNET_PATH,
        name="delegation:subnet",
        code="ManagedEnvironmentSubnetDelegationError",
        test=_delegated,
        says=("with workloadProfiles delegate the subnet to Microsoft.App/environments, without them to nothing"),
        source="https://github.com/MicrosoftDocs/azure-docs/pull/119379",
    ),
    NeedsInCloud(
        path=SUBNET_PATH,
        name="size:subnet",
        code="ManagedEnvironmentInvalidNetworkConfiguration",
        test=_large_enough,
        says=("an environment with workloadProfiles needs a /27, one without (Consumption only) a /23, or larger"),
        source="https://github.com/microsoft/azure-container-apps/issues/425",
    ),
    NeedsInCloud(
        path=SUBNET_PATH,
        name="own:subnet",
        test=_own_subnet,
        says="an environment needs a subnet of its own",
        source=_NETWORK,
    ),
    NeedsInCloud(
        path=SUBNET_PATH,
        name="ranges:subnet",
        code="ManagedEnvironmentInvalidNetworkConfiguration",
        test=_own_ranges,
        says="Container Apps keeps that range for itself; take a subnet outside it",
        source=f"{_NETWORK}#subnet-address-range-restrictions",
    ),
    NeedsInCloud(
        path=SUBNET_PATH,
        name="empty:subnet",
        test=_empty_subnet,
        says="the subnet must be empty",
        source=_NETWORK,
    ),
    Must(
        path="publicNetworkAccess",
        test=lambda value, inputs: value != "Enabled" or known(inputs, "vnetConfiguration.internal") is not True,
        says="an internal environment has no public network access; leave it out or say Disabled",
        source=f"{_NETWORK}; learn.microsoft.com/azure/container-apps/networking#public-network-access",
    ),
    NeedsInCloud(
        path="location",
        name="same-region:location",
        code="ManagedEnvironmentInvalidNetworkConfiguration",
        test=_beside_network,
        says="an environment and its virtual network are in one region",
        source=_NETWORK,
    ),
)
