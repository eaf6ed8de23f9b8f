"""Containers' logs are rotated: one that writes without end fills the disk, and then every database stops."""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import Facts, Resource, Rule, part

_ROTATING = ("local", "none", "journald")
"""Drivers that rotate by themselves, or keep no file."""


def _check(resource: Resource, _facts: Facts) -> Iterator[str]:
    inputs = resource.inputs
    if inputs.get("start") is False or inputs.get("logDriver") in _ROTATING:
        return
    if not part(inputs.get("logOpts")).get("max-size"):
        yield f"container {inputs.get('name', resource.name)}: logDriver local, or max-size in its logOpts"


RULE = Rule(
    name="logs-bounded",
    says="Containers' logs are rotated.",
    types=("docker:index/container:Container",),
    check=_check,
)
