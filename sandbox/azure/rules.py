"""Azure's own rules: what ARM asks of every resource (its group, its parent, its region, tags, managed identities), and
of the addresses that several types hold.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.azure.names import group_id, guid_of, items, known, provider_id, region, text
from sandbox.core.records import Cloud, Computing
from sandbox.core.rules import Must, NeedsInCloud, Refers, Rule
from sandbox.core.values import UNKNOWN, Props, Value, lookup

__all__ = [
    "IDENTITY",
    "REGIONS",
    "EachNeeds",
    "apart",
    "identity_assigned",
    "identity_output",
    "identity_rules",
    "in_group",
    "in_parent",
    "located",
    "network_of",
    "public_address",
    "strict_cidr",
    "subnet_prefixes",
    "tagged",
]

TAGS = "https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources"
ERRORS = "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors"
TAG_PREFIXES = (
    "Azure/azure-rest-api-specs specification/resources/resource-manager/Microsoft.Resources (Tags_CreateOrUpdate: "
    "names are compared without case, and microsoft, azure and windows are reserved as prefixes)"
)
_PRIVATE = [ipaddress.IPv4Network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
_REGIONS = """
australiacentral australiacentral2 australiaeast australiasoutheast austriaeast belgiumcentral brazilsouth
brazilsoutheast canadacentral canadaeast centralindia centralus chilecentral denmarkeast
eastasia eastus eastus2 francecentral francesouth germanynorth germanywestcentral
indonesiacentral israelcentral italynorth japaneast japanwest jioindiacentral jioindiawest
koreacentral koreasouth malaysiawest mexicocentral newzealandnorth northcentralus northeurope
norwayeast norwaywest polandcentral qatarcentral southafricanorth southafricawest southcentralus
southeastasia southindia spaincentral swedencentral swedensouth switzerlandnorth switzerlandwest
uaecentral uaenorth uksouth ukwest westcentralus westeurope westindia
westus westus2 westus3
"""
REGIONS = frozenset(_REGIONS.split())
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"


@dataclass(frozen=True, kw_only=True)
class EachNeeds(Refers):
    """Every place at `path` against what exists, so that the refusal names the very place.

    `test(value, inputs, cloud, config)`: None when right, a reason when not.
    """

    to: tuple[str, ...] = ()
    test: Callable[[Value, Props, Cloud, Props], str | None]

    @property
    def sentence(self) -> str:
        return self.says

    def faults(self, props: Props, cloud: Cloud, config: Props) -> Iterator[tuple[str, str]]:
        for path, value in self.known(props):
            reason = self.test(value, props, cloud, config)
            if reason is not None:
                yield path, f"{reason}: {self.sentence}"


def in_group() -> NeedsInCloud:
    """The resource group must exist first."""

    def missing_group(inputs: Props, cloud: Cloud, config: Props) -> str | None:
        if not text(inputs, "resourceGroupName") or cloud.get(group_id(inputs, config)) is not None:
            return None
        return f"Resource group {text(inputs, 'resourceGroupName')!r} could not be found"

    return NeedsInCloud(
        path="resourceGroupName",
        name="exists:resourceGroupName",
        code="ResourceGroupNotFound",
        says="create the resource group first and pass its name",
        source=ERRORS,
        test=missing_group,
    )


def in_parent(path: str, kind: str, provider: str, *segments: str, token: str, code: str = "") -> NeedsInCloud:
    """The resource above must exist first; `{name}` in a segment is filled in from the inputs."""

    def missing_parent(inputs: Props, cloud: Cloud, config: Props) -> str | None:
        if not text(inputs, path) or not text(inputs, "resourceGroupName"):
            return None
        identity = provider_id(inputs, config, provider, *(part.format_map(_Texts(inputs)) for part in segments))
        record = cloud.get(identity)
        return (
            None
            if record is not None and record.token == token
            else f"the parent resource {identity!r} could not be found"
        )

    return NeedsInCloud(
        path=path,
        name=f"exists:{path}",
        code=code or "ParentResourceNotFound",
        says=f"create the {kind} first and pass its name (and its resource group's)",
        source=ERRORS,
        test=missing_parent,
    )


class _Texts(dict[str, str]):
    def __init__(self, inputs: Props) -> None:
        super().__init__({key: value for key, value in inputs.items() if isinstance(value, str)})

    def __missing__(self, key: str) -> str:
        return ""


def located() -> Must:
    """A location must be a region of Azure."""
    return Must(
        path="location",
        name="region:location",
        code="LocationNotAvailableForResourceType",
        says="is no Azure region; write one as `az account list-locations` does: eastus2, chilecentral…",
        source="https://learn.microsoft.com/azure/reliability/regions-list",
        test=lambda value, _: region(str(value)) in REGIONS or repr(value),
    )


def tagged(most: int = 50, longest: int = 512, names: str = "") -> Must:
    """Tags within ARM's limits, and those of the type: `names` is a pattern that a name must match as a whole."""

    def within(value: Value, _: Props) -> bool | str:
        if len(value) > most:
            return f"{len(value)} tags"
        lower = [str(key).lower() for key in value]
        if len(set(lower)) < len(lower):
            return "two tag names are the same but for case"
        for key, item in value.items():
            if not 0 < len(key) <= longest or set(key) & set("<>%&\\?/"):
                return f"tag name {key!r}"
            if key.lower().startswith(("microsoft", "azure", "windows")):
                return f"tag name {key!r} begins with a reserved prefix (microsoft, azure, windows)"
            if names and re.fullmatch(names, key) is None:
                return f"tag name {key!r} has a space, a parenthesis, or a digit at its start"
            if isinstance(item, str) and len(item) > 256:
                return f"the value of tag {key!r} has {len(item)} characters"
        return True

    return Must(
        path="tags",
        name="limits:tags",
        code="InvalidTagNameCharacters",
        says=f"at most {most} tags, names up to {longest} characters without < > % & \\ ? /, compared without case, "
        "values up to 256 characters",
        source=f"{TAGS}; {TAG_PREFIXES}",
        partial=True,
        test=within,
    )


def identity_rules() -> tuple[Rule, ...]:
    """The managed identities of a resource: the list belongs to the type, and each must exist."""
    field = "identity.userAssignedIdentities"
    source = "https://learn.microsoft.com/azure/templates/microsoft.app/containerapps#managedserviceidentity"

    def listed(value: Value, _: Props) -> bool | str:
        if lookup(value, "type") is UNKNOWN:
            return True
        wanted = "UserAssigned" in str(lookup(value, "type")).split(",")
        given = bool(known(value, "userAssignedIdentities")) or lookup(value, "userAssignedIdentities") is UNKNOWN
        return wanted == given or f"type {lookup(value, 'type')} with {'a' if given else 'no'} list of identities"

    return (
        Must(
            path="identity",
            name="list:identity",
            says="userAssignedIdentities is given exactly when the type contains UserAssigned",
            source=source,
            partial=True,
            test=listed,
        ),
        Refers(
            path=f"{field}[*]",
            to=(IDENTITY,),
            code="FailedIdentityOperation",
            says="must be the id of an existing user assigned identity",
            source=source,
        ),
    )


def identity_assigned(value: str, inputs: Props) -> bool:
    """Whether the resource itself has that identity ("system", or the id of a user assigned one)."""
    kinds = text(inputs, "identity.type").split(",")
    if lookup(inputs, "identity") is UNKNOWN or lookup(inputs, "identity.type") is UNKNOWN:
        return True
    if value.lower() == "system":
        return "SystemAssigned" in kinds
    given = lookup(inputs, "identity.userAssignedIdentities")
    if given is UNKNOWN or (isinstance(given, list) and UNKNOWN in given):
        return True
    return isinstance(given, list) and value.lower() in [str(one).lower() for one in given]


def network_of(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The network that a CIDR names, host bits set or not; None when it names none."""
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None


def subnet_prefixes(inputs: Props) -> list[str]:
    """The address ranges of a subnet's inputs."""
    one = text(inputs, "addressPrefix")
    return [one] if one else [str(item) for item in items(inputs, "addressPrefixes")]


def strict_cidr(value: Value, _: Props) -> bool | str:
    """For `Must`: a CIDR whose host bits are zero."""
    try:
        return (bool(ipaddress.ip_network(value)) and "/" in value) or f"{value!r} has no /prefix length"
    except ValueError as error:
        return str(error)


def public_address(value: Value, _: Props) -> bool | str:
    """For `Must`: an IPv4 address or range of the internet, as the firewalls of storage and vaults take it."""
    try:
        network = ipaddress.IPv4Network(str(value))
    except ValueError as error:
        return str(error)
    return not any(network.subnet_of(one) for one in _PRIVATE) or f"{value} is a private range"


def apart(path: str, key: str, source: str) -> Must:
    """Each address or range of a list once, however it is written."""

    def repeated(value: Value, _: Props) -> bool | str:
        given = [str(lookup(item, key)) for item in value if isinstance(lookup(item, key), str)]
        networks = [str(network_of(one) or one) for one in given]
        twice = next((one for one in networks if networks.count(one) > 1), "")
        return not twice or f"{twice} stands twice"

    return Must(
        path=path,
        name=f"apart:{path}",
        partial=True,
        test=repeated,
        says="may hold each address and range only once",
        source=source,
    )


def identity_output(one: Computing) -> Mapping[str, Any] | None:
    """The identity as ARM returns it: the list of ids has become an object with the ids of each principal."""
    kind = text(one.inputs, "identity.type")
    if not kind:
        return None
    answer: dict[str, Any] = {"type": kind}
    if "SystemAssigned" in kind.split(","):
        answer |= {"principalId": guid_of(f"{one.id}/principal"), "tenantId": text(one.config, "tenantId")}
    given: dict[str, Any] = {}
    for identity in items(one.inputs, "identity.userAssignedIdentities"):
        record = one.cloud.get(str(identity))
        outputs = record.outputs if record else {}
        given[str(identity)] = {
            "principalId": text(outputs, "principalId"),
            "clientId": text(outputs, "clientId"),
        }
    return answer | {"userAssignedIdentities": given} if given else answer
