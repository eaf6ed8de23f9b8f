"""Reads what Pulumi's state says of a stack. Files are read directly, which costs no start of the engine.

It never writes: what changes a state is the engine. Secrets in it stay encrypted.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.engine_run import EngineFailed, run
from deploy.target import RunTarget
from kept import Damaged, mapping, raw
from tenants.shards import FIRST_PROJECT, is_tenants

__all__ = ["deployment", "outputs_of", "resources_of", "stacks_of"]

STACK = "pulumi:pulumi:Stack"


def deployment(place: RunTarget, folder: Path, project: str, stack: str) -> dict[str, Any] | None:
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
    mend = f"./smos state list {stack} --project {project}, then ./smos state restore {stack} --project {project}"
    try:
        return _held(base, packed, mend)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, AttributeError, KeyError, EOFError, RecursionError, OSError, zlib.error) as error:
        raise Damaged(base, f"the state in it is damaged ({error})", mend) from None


def _held(base: Path, packed: Path, mend: str) -> dict[str, Any]:
    try:
        content = mapping(base, mend)
    except FileNotFoundError:
        content = json.loads(gzip.decompress(raw(packed, mend)))
    found = dict((content.get("checkpoint") or {}).get("latest") or {})
    for one in [*(found.get("resources") or []), *(each["resource"] for each in found.get("pending_operations") or [])]:
        if not str(one["urn"]).startswith("urn:pulumi:") or not isinstance(one.get("type"), str):
            raise ValueError(f"a resource has the URN {str(one['urn'])[:80]!r}")
    return found


def stacks_of(place: RunTarget, folder: Path) -> dict[str, str]:
    """Slug → project, of every tenant that has a stack; `folder` is any folder.

    Of one that has a stack in the first project and a newer one, the newer counts.
    """
    files = _files(place)
    if files is None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        listed = json.loads(run(place, folder, "stack", "ls", "--all", "--json", capture=True))
        found = [tuple(str(one["name"]).split("/")[-2:]) for one in listed]
    else:
        stacks = (*files.glob(f"{FIRST_PROJECT}*/*.json"), *files.glob(f"{FIRST_PROJECT}*/*.json.gz"))
        found = [(file.parent.name, file.name.partition(".")[0]) for file in stacks]
    return {names[-1]: names[0] for names in sorted(found) if len(names) == 2 and is_tenants(names[0])}


def resources_of(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The resources of a deployment."""
    return list(found.get("resources") or [])


def outputs_of(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The outputs of a deployment's stack."""
    roots = (one for one in resources_of(found) if one.get("type") == STACK)
    return dict(next(roots, {}).get("outputs") or {})


def _files(place: RunTarget) -> Path | None:
    backend = place.environ.get("PULUMI_BACKEND_URL", "")
    if not backend.startswith("file://"):
        return None
    return Path(backend.removeprefix("file://")).expanduser() / ".pulumi" / "stacks"
