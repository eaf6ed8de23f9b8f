"""Images name a version or a digest."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import UNKNOWN
from policy.rules.images_pinned import RULE
from tests.policy.judged import said

APP = "azure-native:app:ContainerApp"

MOVING = ("next", "LATEST", "latest-debian", "latest-debian12", "alpine", "Main-2")

RIGHT: list[tuple[str, dict[str, Any]]] = [
    ("docker:index/remoteImage:RemoteImage", {"name": "redis:8.2.1"}),
    ("docker:index/remoteImage:RemoteImage", {"name": "registry.example:5000/redis@sha256:" + "a" * 64}),
    (APP, {"template": {"containers": [{"image": "n8nio/n8n:1.0.0"}, {"image": UNKNOWN}]}}),
    (APP, {"template": UNKNOWN}),
    *(("docker:index/remoteImage:RemoteImage", {"name": f"x:{tag}"}) for tag in ("v3.7.11", "0.8.6-pg17", "7-alpine")),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("docker:index/remoteImage:RemoteImage", {"name": "redis"}, "redis:1.2.3"),
    ("docker:index/remoteImage:RemoteImage", {"name": "registry.example:5000/redis"}, "version or a digest"),
    *(("docker:index/remoteImage:RemoteImage", {"name": f"x:{tag}"}, f"x:{tag}") for tag in MOVING),
    ("docker:index/remoteImage:RemoteImage", {"name": "redis:7.2@sha256:" + "a" * 63}, "version or a digest"),
    ("docker:index/remoteImage:RemoteImage", {"name": "redis@sha256:"}, "version or a digest"),
    (APP, {"template": {"containers": [{"image": "n8nio/n8n:latest"}]}}, "n8nio/n8n:latest"),
    (APP, {"template": {"initContainers": [{"image": "busybox:stable"}]}}, "busybox:stable"),
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
