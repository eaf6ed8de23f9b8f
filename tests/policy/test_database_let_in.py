"""A database server that the internet sees says whom it lets in."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import UNKNOWN, Resource
from policy.rules.database_let_in import RULE
from tests.policy.judged import said_of_stack

GROUP = "rg-smarteros-prod"


def server(access: Any = "Enabled", name: Any = "psql-one") -> Resource:
    network = {} if access is None else {"network": {"publicNetworkAccess": access}}
    inputs = {"resourceGroupName": GROUP, "serverName": name, **network}
    return Resource(token="azure-native:dbforpostgresql:Server", name="server", inputs=inputs)


def rule(name: Any = "psql-one", group: str = GROUP) -> Resource:
    inputs = {"resourceGroupName": group, "serverName": name, "startIpAddress": "203.0.113.10"}
    return Resource(token="azure-native:dbforpostgresql:FirewallRule", name="rule", inputs=inputs)


@pytest.mark.parametrize(
    "stack",
    [
        [server(), rule()],
        [server(), rule("PSQL-One")],
        [server("Disabled")],
        [server(UNKNOWN)],
        [server(), rule(UNKNOWN)],
        [server(name=UNKNOWN), rule()],
    ],
)
def test_a_server_that_says_whom_it_lets_in_or_is_not_shown_passes(stack: list[Resource]) -> None:
    """Of what is not known yet, nothing is said."""
    assert said_of_stack(RULE, stack) == []


@pytest.mark.parametrize("access", ["Enabled", None, "enabled?"])
def test_a_server_that_is_shown_and_says_nothing_is_told(access: Any) -> None:
    """Said, or not said at all, which for Azure is the same; and a rule of another server counts for nothing."""
    ((_, text),) = said_of_stack(RULE, [server(access)])
    assert "nothing says whom it lets in" in text
    for other in (rule("psql-two"), rule(group="rg-other")):
        given = [text for _, text in said_of_stack(RULE, [server(access), other])]
        assert any("nothing says whom it lets in" in one for one in given)
        assert any("which this stack has not" in one for one in given)


def test_a_rule_that_opens_somebody_elses_server_is_told() -> None:
    """A hole in a wall that another stack has built."""
    ((_, text),) = said_of_stack(RULE, [rule("psql-two")])
    assert "it opens the server psql-two, which this stack has not" in text
