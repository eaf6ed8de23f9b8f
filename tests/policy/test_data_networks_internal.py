"""Docker networks other than `edge` are internal."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import Facts
from policy.rules.data_networks_internal import RULE
from tests.policy.judged import said

NET = "docker:index/network:Network"

RIGHT: list[tuple[str, dict[str, Any]]] = [
    (NET, {"name": "s-prod-edge", "internal": False}),
    (NET, {"name": "s-prod-data", "internal": True}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (NET, {"name": "s-prod-data"}, "s-prod-data"),
    (NET, {"name": "s-prod-data-edge", "internal": False}, "internal=True"),
    (NET, {"name": "data-edge"}, "data-edge"),
    (NET, {"name": "edge-2", "internal": False}, "internal=True"),
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


def test_on_a_developers_machine_the_network_of_databases_is_open() -> None:
    """Docker publishes no port out of an internal network. That of Docker's own API stays closed."""
    own = Facts(environment="local", domain="localhost", system="s", own_machine=True)
    assert said(RULE, NET, {"name": "s-local-data"}, own) == []
    assert len(said(RULE, NET, {"name": "s-local-socket"}, own)) == 1
    for environment in ("local", "prod", "backup"):
        facts = Facts(environment=environment, domain="example.com", system="s")
        assert len(said(RULE, NET, {"name": f"s-{environment}-data"}, facts)) == 1
