"""Only the reverse proxy publishes ports."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import UNKNOWN, Facts
from policy.rules.edge_publishes import RULE
from tests.policy.judged import said

BOX = "docker:index/container:Container"
OWN_MACHINE = Facts(environment="local", domain="localhost", system="s", own_machine=True)

RIGHT: list[tuple[str, dict[str, Any]]] = [
    (BOX, {"name": "s-prod-redis"}),
    (BOX, {"name": "s-prod-traefik", "ports": [{"external": 443.0, "internal": 443.0}]}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (BOX, {"name": "s-prod-redis", "ports": [{"external": 6379.0}]}, "6379"),
    (BOX, {"name": "postgres-traefik", "ports": [{"external": 5432.0}]}, "5432"),
    (BOX, {"name": "s-prod-postgres-traefik", "ports": [{"external": 5432.0}]}, "5432"),
    (BOX, {"name": "traefik-of-mine", "ports": [{"external": 80.0}]}, "traefik-of-mine"),
    (BOX, {"name": "s-prod-redis", "publishAllPorts": True}, "(all)"),
    (BOX, {"name": "s-prod-traefik", "ports": [{"external": 8080.0, "internal": 8080.0}]}, "only 80 and 443"),
    (BOX, {"name": "s-prod-traefik", "ports": [{"external": 80.0, "internal": 2019.0}]}, "only 80 and 443"),
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


@pytest.mark.parametrize("name", ["s-local-traefik", "s-local-botpress"])
def test_on_a_developers_machine_every_port_is_on_the_loopback(name: str) -> None:
    """Whose container it is does not count there, and 0.0.0.0, Docker's default, is not the loopback."""
    for address in ("127.0.0.1", "::1", UNKNOWN):
        assert said(RULE, BOX, {"name": name, "ports": [{"external": 3010.0, "ip": address}]}, OWN_MACHINE) == []
    everybody = "0.0.0.0"  # noqa: S104 - it is what is refused
    for elsewhere in ({}, {"ip": everybody}, {"ip": "192.0.2.1"}):
        (text,) = said(RULE, BOX, {"name": name, "ports": [{"external": 3010.0, **elsewhere}]}, OWN_MACHINE)
        assert (name in text, "127.0.0.1" in text) == (True, True)
    assert len(said(RULE, BOX, {"name": name, "publishAllPorts": True}, OWN_MACHINE)) == 1


def test_on_a_server_the_loopback_excuses_nothing() -> None:
    """What is reached there from the host itself goes through SSH to the container's own address."""
    assert len(said(RULE, BOX, {"name": "s-prod-redis", "ports": [{"external": 6379.0, "ip": "127.0.0.1"}]})) == 1
