"""Containers are in the networks that they need."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import UNKNOWN
from policy.rules.networks_own import RULE
from tests.policy.judged import said

BOX, NETWORK = "docker:index/container:Container", "docker:index/network:Network"


def box(name: str, *networks: str, **more: Any) -> dict[str, Any]:
    """A container in these networks, as itself."""
    return {
        "name": f"s-prod-{name}",
        "networksAdvanced": [{"name": one, "aliases": [name]} for one in networks],
        **more,
    }


RIGHT: list[tuple[str, dict[str, Any]]] = [
    (BOX, box("n8n", "s-prod-edge", "s-prod-data")),
    (BOX, box("n8n", "s-prod-edge", networkMode="bridge")),
    (BOX, box("traefik", "s-prod-edge", "s-prod-socket")),
    (BOX, box("redis", "s-prod-data")),
    (BOX, {"name": "s-prod-redis-secrets-loader", "networkMode": "none"}),
    (BOX, {"name": "s-prod-n8n", "networksAdvanced": UNKNOWN}),
    (NETWORK, {"name": "s-prod-edge"}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (BOX, {"name": "s-prod-n8n"}, "default network"),
    (BOX, {"name": "s-prod-n8n", "networkMode": "bridge"}, "default network"),
    (BOX, box("n8n", "s-prod-edge", networkMode="host"), "networkMode host"),
    (BOX, box("n8n", "s-prod-edge", networkMode="none"), "networkMode none"),
    (BOX, box("n8n", "bridge"), "none of this system's"),
    (BOX, box("n8n", "s-backup-data"), "none of this system's"),
    (BOX, box("n8n", "s-prod-socket"), "Docker's API"),
    (BOX, box("redis", "s-prod-edge"), "only data"),
    (BOX, box("postgres-vps", "s-prod-edge"), "only data"),
    (BOX, box("traefik", "s-prod-data"), "where databases are"),
    (BOX, box("traefik-docker-api", "s-prod-edge"), "only socket"),
    (
        BOX,
        {"name": "s-prod-n8n", "networksAdvanced": [{"name": "s-prod-data", "aliases": ["redis"]}]},
        "another's name",
    ),
    (NETWORK, {"name": "s-prod-other"}, "none of this system's"),
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
