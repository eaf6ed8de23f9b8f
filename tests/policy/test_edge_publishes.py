"""Only the reverse proxy publishes ports."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rules.edge_publishes import RULE
from tests.policy.judged import said

BOX = "docker:index/container:Container"

RIGHT: list[tuple[str, dict[str, Any]]] = [
    (BOX, {"name": "s-prod-redis"}),
    (BOX, {"name": "s-prod-traefik", "ports": [{"external": 443.0}]}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (BOX, {"name": "s-prod-redis", "ports": [{"external": 6379.0}]}, "6379"),
    (BOX, {"name": "postgres-traefik", "ports": [{"external": 5432.0}]}, "5432"),
    (BOX, {"name": "s-prod-postgres-traefik", "ports": [{"external": 5432.0}]}, "5432"),
    (BOX, {"name": "traefik-of-mine", "ports": [{"external": 80.0}]}, "traefik-of-mine"),
    (BOX, {"name": "s-prod-redis", "publishAllPorts": True}, "(all)"),
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
