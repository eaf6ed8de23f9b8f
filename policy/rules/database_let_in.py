"""A database server that Azure shows to the internet says itself to whom: to single hosts, by rules of the same stack.

Without a rule it lets nobody in, until somebody adds one by hand, which no stack says and no rule judges; so who shows
one declares whom it lets in, or doesn't show it. What a rule may say is database-private's to judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from policy.rule import UNKNOWN, Facts, Resource, StackRule, part

_SERVER = "azure-native:dbforpostgresql:Server"
_FIREWALL = "azure-native:dbforpostgresql:FirewallRule"


def _check(stack: Sequence[Resource], _facts: Facts) -> Iterator[tuple[Resource | None, str]]:
    servers = {_named(one): one for one in stack if one.token == _SERVER}
    rules = [one for one in stack if one.token == _FIREWALL]
    for rule in rules:
        if UNKNOWN not in _named(rule) and _named(rule) not in servers and UNKNOWN not in _all(servers):
            mend = "a rule belongs to a server that is declared with it"
            yield rule, f"it opens the server {rule.inputs.get('serverName')}, which this stack has not: {mend}"
    let_in = [_named(rule) for rule in rules]
    for name, server in servers.items():
        # Azure shows a server where nobody says otherwise.
        access = part(server.inputs.get("network")).get("publicNetworkAccess", "Enabled")
        known = UNKNOWN not in name and UNKNOWN not in _all(let_in)
        if access not in (UNKNOWN, "Disabled") and known and name not in let_in:
            mend = "a FirewallRule with the address of one host, or network.publicNetworkAccess: Disabled"
            yield server, f"it answers the internet, and nothing says whom it lets in: {mend}"


def _named(one: Resource) -> tuple[object, object]:
    group, name = (one.inputs.get(key) for key in ("resourceGroupName", "serverName"))
    return group, name.lower() if isinstance(name, str) else name


def _all(names: Iterable[tuple[object, object]]) -> list[object]:
    return [one for name in names for one in name]


RULE = StackRule(
    name="database-let-in",
    says="A database server that the internet sees says whom it lets in.",
    check=_check,
)
