"""Network security groups: what may pass into and out of subnets."""

from __future__ import annotations

import re

from sandbox.catalog.azure_arm import (
    NAMES,
    arm_outputs,
    guid_of,
    in_group,
    located,
    network_of,
    placed,
    placed_again,
    random_suffix,
    tagged,
)
from sandbox.catalog.azure_network import NAME, SECURITY_GROUP
from sandbox.kinds import ResourceType, arm_id
from sandbox.rules import Between, ExactlyOne, Length, Must, Pattern, Required, UniqueItems
from sandbox.values import UNKNOWN, Props, Value, lookup

_GROUPS = "https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview"
_SDK = "pulumi_azure_native 3.29.0 network.SecurityRuleArgs"


def _port(value: Value, _: Props) -> bool | str:
    found = re.fullmatch(r"\*|(\d{1,5})(?:-(\d{1,5}))?", str(value))
    if found is None:
        return repr(value)
    first, last = (int(one) if one else None for one in found.groups())
    return (first or 0) <= (last if last is not None else first or 0) <= 65535 or repr(value)


def _prefix(value: Value, _: Props) -> bool | str:
    if value == "*" or re.fullmatch(r"[A-Z][A-Za-z]+(\.[A-Za-z0-9]+)?", str(value)):
        return True
    return network_of(str(value)) is not None or repr(value)


def _priorities(value: Value, _: Props) -> bool | str:
    seen: set[tuple[str, int]] = set()
    for one in value:
        key = (str(lookup(one, "direction")), lookup(one, "priority"))
        if UNKNOWN not in key and key in seen:
            return f"two {key[0]} rules of priority {key[1]}"
        seen.add(key)
    return True


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
        UniqueItems(path="securityRules", key="name", source=_GROUPS),
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
                *(
                    Must(path=f"{_R}.{side}{field}", test=test, says=says, source=_SDK)
                    for field, test, says in (
                        ("PortRange", _port, "must be a port, a range (8000-8100) or *"),
                        ("PortRanges[*]", _port, "must be a port, a range (8000-8100) or *"),
                        ("AddressPrefix", _prefix, "must be an address, a CIDR, a service tag (Internet) or *"),
                        ("AddressPrefixes[*]", _prefix, "must be an address or a CIDR"),
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
    not_checked=("Service tags are not looked up; application security groups are not simulated.",),
)

TYPES = (NETWORK_SECURITY_GROUP,)
