"""No database answers the internet."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import UNKNOWN
from policy.rules.database_private import RULE
from tests.policy.judged import said

ALL_OF_AZURE = "0.0.0.0"  # noqa: S104 - what is refused, not bound to
FIREWALL = "azure-native:dbforpostgresql:FirewallRule"
GROUP = "azure-native:network:NetworkSecurityGroup"


def addresses(first: str, last: str = "") -> dict[str, Any]:
    return {"startIpAddress": first, "endIpAddress": last or first}


def opened(**more: Any) -> dict[str, Any]:
    rule = {"name": "r", "direction": "Inbound", "access": "Allow", "sourceAddressPrefix": "*"}
    return {**rule, "destinationPortRange": "5432", **more}


RIGHT: list[tuple[str, dict[str, Any]]] = [
    (FIREWALL, addresses("203.0.113.10")),
    (FIREWALL, {"startIpAddress": UNKNOWN, "endIpAddress": UNKNOWN}),
    (GROUP, {"securityRules": [opened(destinationPortRange="443")]}),
    (GROUP, {"securityRules": [opened(sourceAddressPrefix="10.0.0.0/8")]}),
    (GROUP, {"securityRules": [opened(sourceAddressPrefix="VirtualNetwork")]}),
    (GROUP, {"securityRules": [opened(access="Deny")]}),
    ("azure-native:cache:Redis", {"publicNetworkAccess": "Disabled"}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (FIREWALL, addresses(ALL_OF_AZURE), "all of Azure"),
    (FIREWALL, addresses(ALL_OF_AZURE, "255.255.255.255"), "all of Azure"),
    (FIREWALL, addresses("203.0.113.0", "203.0.113.255"), "more than one"),
    (FIREWALL, addresses("198.51.100.7"), "no host of the settings: 203.0.113.10"),
    (GROUP, {"securityRules": [opened()]}, "5432"),
    (GROUP, {"securityRules": [opened(destinationPortRange="*")]}, "internet"),
    (GROUP, {"securityRules": [opened(sourceAddressPrefix="INTERNET")]}, "internet"),
    (GROUP, {"securityRules": [opened(sourceAddressPrefix="0.0.0.0/1")]}, "internet"),
    (GROUP, {"securityRules": [opened(sourceAddressPrefix="128.0.0.0/1")]}, "internet"),
    (GROUP, {"securityRules": [opened(sourceAddressPrefix="::/0")]}, "internet"),
    (GROUP, {"securityRules": [opened(sourceAddressPrefix=ALL_OF_AZURE)]}, "internet"),
    (GROUP, {"securityRules": [opened(sourceAddressPrefix="AzureCloud.brazilsouth")]}, "internet"),
    (GROUP, {"securityRules": [opened(direction="inbound", access="allow")]}, "internet"),
    (GROUP, {"securityRules": [opened(destinationPortRange="5000-6000")]}, "5432"),
    ("azure-native:network:SecurityRule", opened(sourceAddressPrefix="Internet"), "5432"),
    ("azure-native:cache:Redis", {}, "private endpoint"),
]


@pytest.mark.parametrize(("token", "inputs"), RIGHT)
def test_what_is_right_passes(token: str, inputs: dict[str, Any]) -> None:
    """Nothing is said of it."""
    assert said(RULE, token, inputs) == []


@pytest.mark.parametrize(("token", "inputs", "words"), WRONG)
def test_what_is_wrong_is_told(token: str, inputs: dict[str, Any], words: str) -> None:
    """One fault, one violation, and it says what."""
    found = said(RULE, token, inputs)
    assert len(found) == 1, found
    assert words in found[0]
