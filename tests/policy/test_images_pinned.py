"""Images name a version or a digest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policy.known.images import REPOSITORIES
from policy.rule import UNKNOWN
from policy.rules.images_pinned import RULE
from settings.default_images import every_default_image
from tests.policy.judged import FACTS, said

IMAGE = "docker:index/remoteImage:RemoteImage"
BOX = "docker:index/container:Container"
DIGEST = "sha256:" + "a" * 64
APP = "azure-native:app:ContainerApp"

MOVING = ("next", "LATEST", "latest-debian", "latest-debian12", "alpine", "Main-2")

RIGHT: list[tuple[str, dict[str, Any]]] = [
    (IMAGE, {"name": "redis:8.2.1"}),
    (IMAGE, {"name": "redis@sha256:" + "a" * 64}),
    (APP, {"template": {"containers": [{"image": "n8nio/runners:1.0.0"}, {"image": UNKNOWN}]}}),
    (APP, {"template": UNKNOWN}),
    *((IMAGE, {"name": f"redis:{tag}"}) for tag in ("v3.7.11", "0.8.6-pg17", "7.2-alpine", f"7.2.16@{DIGEST}")),
    (BOX, {"image": "redis:7.2.16"}),
    (BOX, {"image": "sha256:0123"}),
    (BOX, {"image": UNKNOWN}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (IMAGE, {"name": "redis"}, "redis:1.2.3"),
    (IMAGE, {"name": "redis:"}, "version or a digest"),
    *((IMAGE, {"name": f"redis:{tag}"}, f"redis:{tag}") for tag in MOVING),
    (IMAGE, {"name": "redis:7.2@sha256:" + "a" * 63}, "64 digits"),
    (IMAGE, {"name": "redis@sha256:"}, "64 digits"),
    (APP, {"template": {"containers": [{"image": "n8nio/runners:latest"}]}}, "n8nio/runners:latest"),
    (APP, {"template": {"initContainers": [{"image": "odoo:stable"}]}}, "odoo:stable"),
    (BOX, {"image": "redis:latest"}, "redis:latest"),
    (BOX, {"image": "redis"}, "redis:1.2.3"),
    (IMAGE, {"name": "redis:7"}, "version or a digest"),
    (IMAGE, {"name": "registry.example:5000/redis:7.2.16"}, "registry.example:5000/redis is none of the images"),
    (BOX, {"image": f"evil/redis@{DIGEST}"}, "evil/redis is none"),
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


@pytest.mark.parametrize("token", [IMAGE, BOX, APP])
def test_on_real_accounts_the_digest_stands_beside_the_version(token: str) -> None:
    """A tag can be moved by whoever owns it; on simulated accounts nothing is pulled."""

    def inputs(image: str) -> dict[str, Any]:
        return {"name": image, "image": image, "template": {"containers": [{"image": image}]}}

    real = replace(FACTS, is_real=True)
    assert said(RULE, token, inputs(f"redis:7.2.16@{DIGEST}"), real) == []
    assert said(RULE, token, inputs("redis:7.2.16")) == []
    (text,) = said(RULE, token, inputs("redis:7.2.16"), real)
    assert "no digest" in text


def test_the_images_that_are_known_are_those_that_run() -> None:
    """No more, no less than what the services name."""
    assert {one.name for one in every_default_image().values()} == REPOSITORIES
