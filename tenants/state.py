"""Reads what Pulumi's state says of a stack. Files are read directly, which costs no start of the engine.

It never writes: what changes a state is the engine. Secrets in it stay encrypted.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.engine_run import EngineFailed, run
from deploy.target import Workplace

__all__ = ["deployment", "outputs_of", "resources_of", "stacks_of"]

STACK = "pulumi:pulumi:Stack"


def deployment(place: Workplace, folder: Path, project: str, stack: str) -> dict[str, Any] | None:
    """The newest state of a stack; None when there is no such stack. `folder` is a project folder of it."""
    files = _files(place)
    if files is None:
        try:
            return dict(json.loads(run(place, folder, "stack", "export", "--stack", stack, capture=True))["deployment"])
        except EngineFailed as error:
            if "no stack named" in error.said:
                return None
            raise
    base = files / project / f"{stack}.json"
    packed = base.with_suffix(".json.gz")
    if base.exists():
        content = json.loads(base.read_bytes())
    elif packed.exists():
        content = json.loads(gzip.decompress(packed.read_bytes()))
    else:
        return None
    return dict((content.get("checkpoint") or {}).get("latest") or {})


def stacks_of(place: Workplace, folder: Path, project: str) -> list[str]:
    """The stacks of a project; `folder` is any folder with that project's file."""
    files = _files(place)
    if files is None:
        listed = json.loads(run(place, folder, "stack", "ls", "--json", capture=True))
        return sorted(str(one["name"]).rsplit("/", 1)[-1] for one in listed)
    found = [*files.glob(f"{project}/*.json"), *files.glob(f"{project}/*.json.gz")]
    return sorted({file.name.partition(".")[0] for file in found})


def resources_of(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The resources of a deployment."""
    return list(found.get("resources") or [])


def outputs_of(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The outputs of a deployment's stack."""
    roots = (one for one in resources_of(found) if one.get("type") == STACK)
    return dict(next(roots, {}).get("outputs") or {})


def _files(place: Workplace) -> Path | None:
    backend = place.environ.get("PULUMI_BACKEND_URL", "")
    if not backend.startswith("file://"):
        return None
    return Path(backend.removeprefix("file://")).expanduser() / ".pulumi" / "stacks"
