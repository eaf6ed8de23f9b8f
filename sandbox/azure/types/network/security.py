"""Network security groups: what may pass into and out of subnets."""

from __future__ import annotations

import re
from itertools import pairwise

from sandbox.azure.names import NAMES, arm_id, arm_outputs, guid_of, items, known, placed, placed_again, random_suffix
from sandbox.azure.rules import REGIONS, in_group, located, network_of, tagged
from sandbox.azure.types.network.networks import NAME, SECURITY_GROUP
from sandbox.azure.types.network.use import networks_apart
from sandbox.core.kinds import ResourceType
from sandbox.core.rules import Between, ExactlyOne, Length, Must, Pattern, Required, UniqueItems
from sandbox.core.values import UNKNOWN, Props, Value, lookup

__all__ = ["TYPES"]

_GROUPS = "https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview"
_SDK = "pulumi_azure_native 3.29.0 network.SecurityRuleArgs"


def _port(value: Value, _: Props) -> bool | str:
    found = re.fullmatch(r"\*|(\d{1,5})(?:-(\d{1,5}))?", str(value))
    if found is None:
        return repr(value)
    first, last = (int(one) if one else None for one in found.groups())
    return (first or 0) <= (last if last is not None else first or 0) <= 65535 or repr(value)


def _prefix(value: Value, _: Props) -> bool | str:
    tag, _dot, place = str(value).partition(".")
    if value == "*" or (tag.lower() in _TAGS and (not place or place.lower() in _PLACES)):
        return True
    return network_of(str(value)) is not None or repr(value)


def _only_networks(value: Value, _: Props) -> bool | str:
    wrong = [one for one in value if isinstance(one, str) and network_of(one) is None]
    return (bool(value) and not wrong) or (repr(wrong[0]) if wrong else "an empty list")


def _ports(value: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", value)
    return (int(found[1]), int(found[2] or found[1])) if found else None


def _ports_apart(value: Value, _: Props) -> bool | str:
    if not value or ("*" in value and len(value) > 1):
        return "* with others" if value else "an empty list"
    ranges = sorted(found for one in value if isinstance(one, str) and (found := _ports(one)))
    for (_first, end), (start, _last) in pairwise(ranges):
        if start <= end:
            return f"port {start} twice"
    return True


def _one_family(value: Value, _: Props) -> bool:
    found = set()
    for side in ("source", "destination"):
        given = [known(value, f"{side}AddressPrefix"), *items(value, f"{side}AddressPrefixes")]
        found |= {network.version for one in given if isinstance(one, str) and (network := network_of(one))}
    return len(found) <= 1


def _priorities(value: Value, _: Props) -> bool | str:
    seen: set[tuple[str, int]] = set()
    for one in value:
        key = (str(lookup(one, "direction")), lookup(one, "priority"))
        if UNKNOWN not in key and key in seen:
            return f"two {key[0]} rules of priority {key[1]}"
        seen.add(key)
    return True


_TAGS_TEXT = """
ActionGroup ApiManagement AppConfiguration ApplicationInsightsAvailability AppService AppServiceManagement AzureAD
AzureActiveDirectory AzureActiveDirectoryDomainServices AzureAdvancedThreatProtection AzureApiForFHIR
AzureArcInfrastructure
AzureAttestation AzureBackup AzureBotService AzureCloud AzureCognitiveSearch AzureConnectors AzureContainerAppsService
AzureContainerRegistry AzureCosmosDB AzureDatabricks AzureDataExplorerManagement AzureDevOps AzureDigitalTwins
AzureEventGrid AzureFrontDoor AzureHealthcareAPIs AzureInformationProtection AzureIoTHub AzureKeyVault AzureLoadBalancer
AzureMachineLearning AzureMachineLearningInference AzureManagedGrafana AzureMonitor AzureMonitorForSAP AzureOpenDatasets
AzurePlatformDNS AzurePlatformIMDS AzurePlatformLKM AzureResourceManager AzureSentinel AzureSignalR AzureSiteRecovery
AzureSphere AzureSpringCloud AzureStack AzureTrafficManager AzureUpdateDelivery AzureVideoIndexer AzureWebPubSub
BatchNodeManagement ChaosStudio CognitiveServicesManagement DataFactory DataFactoryManagement Dynamics365BusinessCentral
EOPExternalPublishedIPs EventHub GatewayManager GuestAndHybridManagement HDInsight Internet LogicApps
LogicAppsManagement M365ManagementActivityApi MicrosoftAzureFluidRelay MicrosoftCloudAppSecurity
MicrosoftContainerRegistry MicrosoftDefenderForEndpoint OneDsCollector PowerBI PowerPlatformInfra PowerPlatformPlex
PowerQueryOnline ServiceBus ServiceFabric SerialConsole Sql SqlManagement Storage StorageMover StorageSyncService
TrafficManager VirtualNetwork WindowsAdminCenter WindowsVirtualDesktop
"""
"""From learn.microsoft.com/azure/virtual-network/service-tags-overview."""
_TAGS = frozenset(_TAGS_TEXT.lower().split())
_PLACES = REGIONS | {"firstparty", "frontend", "backend", "microsoftsecurity"}
_R = "securityRules[*]"
_RULE_FIELDS = """
access direction protocol description name priority sourceAddressPrefix sourceAddressPrefixes sourcePortRange
sourcePortRanges destinationAddressPrefix destinationAddressPrefixes destinationPortRange destinationPortRanges
"""
NETWORK_SECURITY_GROUP = ResourceType(
    token=SECURITY_GROUP,
    about="A list of what may pass into and out of subnets.",
    sources=(_GROUPS,),
    id=arm_id("Microsoft.Network", "networkSecurityGroups", "{networkSecurityGroupName}"),
    named_by="networkSecurityGroupName",
    autoname=random_suffix,
    properties=(
        "resourceGroupName",
        "networkSecurityGroupName",
        "location",
        "tags",
        *(f"{_R}.{name}" for name in _RULE_FIELDS.split()),
    ),
    rules=(
        in_group(),
        located(),
        tagged(),
        Pattern(
            path="networkSecurityGroupName",
            regex=NAME,
            says="must have 1 to 80 letters, digits, '_', '.' and '-', starting with a letter or digit",
            source=NAMES,
        ),
        Required(path=f"{_R}.name", source=_GROUPS),
        Pattern(
            path=f"{_R}.name",
            regex=NAME,
            says="must have 1 to 80 letters, digits, '_', '.' and '-', starting with a letter or digit",
            source=NAMES,
        ),
        UniqueItems(path="securityRules", key="name", any_case=True, source=_GROUPS),
        Must(
            path=_R,
            name="family:securityRules",
            partial=True,
            test=_one_family,
            says="source and destination are both IPv4 or both IPv6",
            source="https://learn.microsoft.com/azure/virtual-network/ip-services/ipv6-overview",
        ),
        Required(path=f"{_R}.priority", source=_SDK),
        Between(path=f"{_R}.priority", least=100, most=4096, source=_SDK),
        Must(
            path="securityRules",
            name="priorities:securityRules",
            code="SecurityRuleConflict",
            partial=True,
            test=_priorities,
            says="each direction may have a priority once",
            source=_SDK,
        ),
        Length(path=f"{_R}.description", most=140, says="at most 140 characters", source=_SDK),
        *(
            rule
            for side in ("source", "destination")
            for rule in (
                ExactlyOne(
                    path=_R,
                    name=f"ports:{side}",
                    fields=(f"{side}PortRange", f"{side}PortRanges"),
                    source=_SDK,
                ),
                ExactlyOne(
                    path=_R,
                    name=f"addresses:{side}",
                    fields=(f"{side}AddressPrefix", f"{side}AddressPrefixes"),
                    source=_SDK,
                ),
                Must(
                    path=f"{_R}.{side}AddressPrefixes",
                    name=f"networks:{side}",
                    code="SecurityRuleParameterContainsUnsupportedValue",
                    partial=True,
                    test=_only_networks,
                    says="a list holds addresses and CIDRs alone: * and service tags stand in AddressPrefix",
                    source="hashicorp/terraform-provider-azurerm website/docs/r/network_security_rule.html.markdown",
                ),
                Must(
                    path=f"{_R}.{side}AddressPrefixes",
                    name=f"apart:{side}AddressPrefixes",
                    partial=True,
                    test=networks_apart,
                    says="the prefixes of a rule may not overlap",
                    source=_GROUPS,
                ),
                Must(
                    path=f"{_R}.{side}PortRanges",
                    name=f"apart:{side}PortRanges",
                    partial=True,
                    test=_ports_apart,
                    says="the ports of a rule may not overlap",
                    source=_GROUPS,
                ),
                *(
                    Must(path=f"{_R}.{side}{field}", test=test, says=says, source=_SDK)
                    for field, test, says in (
                        ("PortRange", _port, "must be a port, a range (8000-8100) or *"),
                        ("PortRanges[*]", _port, "must be a port, a range (8000-8100) or *"),
                        ("AddressPrefix", _prefix, "must be an address, a CIDR, a service tag (Internet) or *"),
                    )
                ),
            )
        ),
    ),
    computed=arm_outputs(
        "Microsoft.Network/networkSecurityGroups",
        "2024-05-01",
        resourceGuid=lambda one: guid_of(one.id),
        provisioningState=lambda one: "Succeeded",
    ),
    replaces=("resourceGroupName", "networkSecurityGroupName", "location"),
    on_create=placed,
    on_update=placed_again,
    not_checked=("Which regions a service tag has is not known here; application security groups are not simulated.",),
)

TYPES = (NETWORK_SECURITY_GROUP,)
