"""Preparations that ended badly: the state holds them as done, for the provider does not look at how a command ends.

The program refuses to start what they prepare (components/placements/docker/container.py). So that they run again, the
engine is told to replace them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["run_again"]

_CONTAINER = "docker:index/container:Container"


def run_again(deployment: Mapping[str, Any]) -> list[str]:
    """Arguments for the engine; none where every preparation in the state ended well."""
    return [
        word
        for resource in deployment.get("resources") or []
        if resource["type"] == _CONTAINER and _ended_badly(resource) and not resource.get("delete")
        for word in ("--replace", str(resource["urn"]))
    ]


def _ended_badly(resource: Mapping[str, Any]) -> bool:
    inputs, outputs = resource.get("inputs") or {}, resource.get("outputs") or {}
    return inputs.get("attach") is True and outputs.get("exitCode") not in (0, 0.0)
