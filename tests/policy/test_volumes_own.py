"""A container mounts the volumes of its own service."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import UNKNOWN
from policy.rules.volumes_own import RULE
from tests.policy.judged import said

BOX, VOLUME = "docker:index/container:Container", "docker:index/volume:Volume"


def box(name: str, *volumes: Any) -> dict[str, Any]:
    """A container with these volumes."""
    return {"name": f"s-prod-{name}", "volumes": [{"volumeName": one, "containerPath": "/x"} for one in volumes]}


RIGHT: list[tuple[str, dict[str, Any]]] = [
    (BOX, box("redis", "s-prod-redis-data", UNKNOWN)),
    (BOX, box("redis-secrets-loader", "s-prod-redis-secrets")),
    (BOX, box("metabase-prepare", "s-prod-metabase-secrets")),
    (BOX, box("chatwoot-worker", "s-prod-chatwoot-storage", "s-prod-chatwoot-worker-secrets")),
    (BOX, {"name": "s-prod-traefik-docker-api", "volumes": [{"hostPath": "/var/run/docker.sock"}]}),
    (VOLUME, {"name": "s-prod-redis-data"}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (BOX, box("redis", "s-prod-vault-data"), "another service's"),
    (BOX, box("redis", "s-prod-redis2-data"), "another service's"),
    (BOX, box("redis", "s-backup-redis-data"), "another service's"),
    (BOX, box("redis", "/etc"), "another service's"),
    (BOX, {"name": "s-prod-redis", "volumes": [{"containerPath": "/x"}]}, "without a name"),
    (BOX, {"name": "s-backup-redis"}, "none of this environment's"),
    (VOLUME, {"name": "redis-data"}, "none of this environment's"),
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
