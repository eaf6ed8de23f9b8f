"""Asks the vendors, through the providers themselves, for things that no state has yet; the real state is not touched.

A copy of the state, with those things in it under the ids that they would have, is refreshed in a folder of its own.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploy.engine_run import run
from deploy.target import RunTarget

__all__ = ["SECRET", "different", "seen"]

_SERVERS_OWN = "DEFAULT"
"""PostgreSQL's word for whatever locale the server has; it tells that one's name."""
SECRET = "[secret]"  # noqa: S105 - what a journal has in the place of one

Resource = dict[str, Any]


def seen(
    place: RunTarget, folder: Path, project: str, stack: str, deployment: Mapping[str, Any], asked: Sequence[Resource]
) -> dict[str, Resource]:
    """URN → the resource as the vendor has it, of those that exist. `deployment`: the stack's, as it was exported;
    `folder`: of its project. Raises EngineFailed when a provider can't tell.
    """
    with tempfile.TemporaryDirectory(dir=place.scratch) as scratch:
        file = Path(scratch) / ".pulumi" / "stacks" / project / f"{stack}.json"
        file.parent.mkdir(parents=True, mode=0o700)
        (Path(scratch) / ".pulumi" / "meta.yaml").write_text("version: 1\n")
        copied = {
            **deployment,
            "pending_operations": [],
            "resources": [*_without(deployment.get("resources") or [], asked), *asked],
        }
        checkpoint = {"stack": f"organization/{project}/{stack}", "latest": copied}
        file.write_text(json.dumps({"version": 3, "checkpoint": checkpoint}))
        elsewhere = replace(place, environ={**place.environ, "PULUMI_BACKEND_URL": f"file://{scratch}"})
        targets = [word for one in asked for word in ("--target", one["urn"])]
        run(elsewhere, folder, "refresh", "--yes", "--skip-preview", "--stack", stack, *targets, capture=True)
        latest = json.loads(file.read_text())["checkpoint"]["latest"]
    wanted = {one["urn"] for one in asked}
    return {one["urn"]: one for one in latest.get("resources") or [] if one["urn"] in wanted}


def _without(resources: Iterable[Resource], asked: Sequence[Resource]) -> list[Resource]:
    urns = {one["urn"] for one in asked}
    return [one for one in resources if one["urn"] not in urns]


def different(wanted: Mapping[str, Any], has: Mapping[str, Any]) -> Iterator[str]:
    """The inputs that the vendor has otherwise. What is secret, or not told by the vendor, can't be compared."""
    return (name for name, value in wanted.items() if not name.startswith("__") and not _same(value, has.get(name)))


def _same(wanted: Any, actual: Any) -> bool:
    """Whether all that was wanted is so, as far as it is told; the vendor may tell more."""
    if actual is None or wanted in (None, SECRET, _SERVERS_OWN):
        return True
    if isinstance(wanted, Mapping) and isinstance(actual, Mapping):
        return all(_same(value, actual.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(actual, list):
        return len(wanted) == len(actual) and all(any(_same(one, other) for other in actual) for one in wanted)
    return bool(wanted == actual) or str(wanted).lower() == str(actual).lower()
