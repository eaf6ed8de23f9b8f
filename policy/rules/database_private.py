"""No database answers the internet: a firewall lets in single addresses, and those of our hosts alone.

0.0.0.0 as a rule of Azure means every customer's machines in Azure, not none.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from policy.rule import UNKNOWN, Facts, Props, Resource, Rule, each, part

PORTS = (1433, 3306, 5432, 6379, 6380, 10000, 27017)
_FIREWALLS = (
    "azure-native:dbforpostgresql:FirewallRule",
    "azure-native:dbformysql:FirewallRule",
    "azure-native:sql:FirewallRule",
    "azure-native:cache:FirewallRule",
)
_CLOSED = ("azure-native:cache:Redis", "azure-native:redisenterprise:RedisEnterprise")
_SERVER = "azure-native:dbforpostgresql:Server"
_ALL_OF_AZURE = "0.0.0.0"  # noqa: S104 - what is refused, not bound to
_ANYBODY = ("*", "internet", "any")
_SHORTEST_PREFIX = 8


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    inputs = resource.inputs
    if resource.token in _FIREWALLS:
        yield from _firewall(resource, facts)
    elif resource.token in _CLOSED:
        access = inputs.get("publicNetworkAccess")
        if access is not UNKNOWN and access != "Disabled":
            yield f"publicNetworkAccess is {access}: Disabled, and a private endpoint"
    elif resource.token == _SERVER:
        access = part(inputs.get("network")).get("publicNetworkAccess")
        if access not in (UNKNOWN, "Disabled") and facts.environment and not facts.hosts:
            yield f"network.publicNetworkAccess is {access}, and no host is there to come in: Disabled"
    elif resource.token == "azure-native:network:SecurityRule":
        yield from _opened(inputs)
    else:
        for rule in each(inputs.get("securityRules")):
            yield from _opened(part(rule))


def _firewall(resource: Resource, facts: Facts) -> Iterator[str]:
    first, last = (resource.inputs.get(key) for key in ("startIpAddress", "endIpAddress"))
    if first is UNKNOWN or last is UNKNOWN:
        return
    if _ALL_OF_AZURE in (first, last):
        yield f"{first} to {last} lets in all of Azure or the internet: the address of one host"
    elif first != last:
        yield f"{first} to {last} lets in more than one address: one rule a host"
    elif facts.environment and first not in {host.address for host in facts.hosts}:
        yield f"{first} is no host of the settings: {', '.join(host.address for host in facts.hosts)}"


def _opened(rule: Props) -> Iterator[str]:
    if [str(rule.get(key, "")).lower() for key in ("direction", "access")] != ["inbound", "allow"]:
        return
    sources = [rule.get("sourceAddressPrefix"), *each(rule.get("sourceAddressPrefixes"))]
    ranges = [rule.get("destinationPortRange"), *each(rule.get("destinationPortRanges"))]
    reached = [port for port in PORTS for one in ranges if isinstance(one, str) and _covers(one, port)]
    if reached and any(_anybody(source) for source in sources):
        yield f"the rule {rule.get('name', '')} opens the port {reached[0]} to the internet: name who may come in"


def _anybody(source: object) -> bool:
    """Whether a source is the internet, all customers of Azure, or so much that it is nearly the same."""
    if not isinstance(source, str):
        return False
    plain = source.strip().lower()
    if plain in _ANYBODY or plain.startswith("azurecloud"):
        return True
    try:
        network = ipaddress.ip_network(plain, strict=False)
    except ValueError:
        return False
    return network.prefixlen < _SHORTEST_PREFIX or plain.partition("/")[0] == _ALL_OF_AZURE


def _covers(ports: str, port: int) -> bool:
    if ports == "*":
        return True
    first, _, last = ports.partition("-")
    return first.isdigit() and int(first) <= port <= int(last if last.isdigit() else first)


RULE = Rule(
    name="database-private",
    says="No database answers the internet.",
    types=(
        *_FIREWALLS,
        *_CLOSED,
        _SERVER,
        "azure-native:network:SecurityRule",
        "azure-native:network:NetworkSecurityGroup",
    ),
    check=_check,
    needs_facts=True,
)
