"""What the state of a stack says of the marks: which resources are there, and what each bears."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from intents.marks import mark_of

__all__ = ["Known", "known_in", "read_state"]

Known = Mapping[str, str | None]
"""URN of each resource that is there → its mark; None when it has none."""

EXPORT_S = 300
"""Until the engine has told what is in a state: a service behind `pulumi login` may not answer."""


def known_in(deployment: Mapping[str, Any]) -> dict[str, str | None]:
    """The resources of a deployment that a run may create, and that are there."""
    found: dict[str, str | None] = {}
    for one in deployment.get("resources") or []:
        if one.get("custom") and one.get("id") and not one.get("delete"):
            mark = mark_of(one["type"])
            found[one["urn"]] = mark.read(one.get("inputs") or {}) if mark else None
    return found


def read_state(environ: Mapping[str, str], project: str, stack: str) -> dict[str, Any]:
    """The newest state, for a program that nobody has told it: a file is read; another backend is asked by the engine
    that `PATH` leads to, which costs its start. Empty when there is none.
    """
    backend = environ.get("PULUMI_BACKEND_URL", "").partition("?")[0]
    if backend.startswith("file://"):
        base = Path(backend.removeprefix("file://")).expanduser() / ".pulumi" / "stacks" / project / f"{stack}.json"
        packed = base.with_suffix(".json.gz")
        if base.exists():
            content = json.loads(base.read_bytes() or b"{}")
        elif packed.exists():
            content = json.loads(gzip.decompress(packed.read_bytes()))
        else:
            return {}
        return dict((content.get("checkpoint") or {}).get("latest") or {})
    done = subprocess.run(  # noqa: S603 - the engine, without a shell
        ["pulumi", "stack", "export", "--stack", stack],  # noqa: S607 - the one that started this program
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=EXPORT_S,
    )
    return dict(json.loads(done.stdout).get("deployment") or {})
