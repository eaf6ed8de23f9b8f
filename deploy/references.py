"""Whether the resources of a state belong to its stack and know each other: what an edit by hand breaks.

The engine checks the same when it writes, and then says only that its snapshot is broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["mismatch"]

_SHOWN = 120


def mismatch(deployment: Mapping[str, Any], project: str, stack: str) -> str:
    """The first thing that doesn't fit; empty when all does."""
    resources = deployment.get("resources") or []
    if not isinstance(resources, list) or not all(isinstance(one, Mapping) for one in resources):
        return "its resources are no list of objects"
    known = {str(one.get("urn")) for one in resources}
    return next((why for one in resources for why in _faults(one, known, project, stack)), "")


def _faults(one: Mapping[str, Any], known: set[str], project: str, stack: str) -> Iterator[str]:
    urn = str(one.get("urn"))
    parts = urn.split("::")
    if len(parts) < 4 or not urn.startswith("urn:pulumi:"):
        yield f"a resource has no URN but {urn[:_SHOWN]!r}"
        return
    if [parts[0].removeprefix("urn:pulumi:"), parts[1]] != [stack, project]:
        yield f"{urn[:_SHOWN]} is a resource of another stack"
    if parts[2].rpartition("$")[2] != one.get("type"):
        yield f"{urn[:_SHOWN]} says another type than {str(one.get('type'))[:_SHOWN]!r}"
    provider = str(one.get("provider") or "").rpartition("::")[0]
    named = {"parent": one.get("parent"), "provider": provider or None, "deletedWith": one.get("deletedWith")}
    for what, other in [*named.items(), *(("dependency", each) for each in one.get("dependencies") or [])]:
        if other is not None and str(other) not in known:
            yield f"{urn[:_SHOWN]} has the {what} {str(other)[:_SHOWN]}, which is not there"
