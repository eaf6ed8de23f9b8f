"""What happened in a run on many tenants: one JSON object a line, only ever added to. It outlives a `kill -9`.

No secret is in it: what a tenant's run said is masked before (tenants/fleet/work.py).
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kept import raw

__all__ = ["KEPT", "Journal", "JournalRecord", "latest", "read"]

KEPT = 50
"""So many journals are kept; the oldest are removed."""


class Journal:
    """The journal of one run. Threads may write to it at the same time."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.file = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}Z-{name}.jsonl"
        self._lock = threading.Lock()
        self._end = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        for old in sorted(folder.glob("*.jsonl"))[:-KEPT]:
            old.unlink(missing_ok=True)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._end)

    def add(self, event: str, **facts: object) -> None:
        """One line, written whole with one call of the system."""
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts})
        with self._lock:
            os.write(self._end, line.encode() + b"\n")


@dataclass(frozen=True)
class JournalRecord:
    """What a journal tells of its run."""

    file: Path
    begun: Mapping[str, Any]
    done: Mapping[str, str] = field(default_factory=dict)
    """Slug → fingerprint, of the tenants that came out well."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Slug → why."""
    running: tuple[str, ...] = ()
    """What was begun and whose end is not written: the run was killed."""
    finished: bool = False
    """Whether it reached its end: nothing of its plan was left."""


def read(file: Path) -> JournalRecord:
    """The run that a journal tells. A last line that was cut off does not count."""
    begun: Mapping[str, Any] = {}
    done: dict[str, str] = {}
    failed: dict[str, str] = {}
    running: dict[str, None] = {}
    finished = False
    for line in _lines(file):
        kind, slug = line["event"], str(line.get("tenant", ""))
        if kind == "run":
            begun = line
        elif kind == "begun":
            running[slug] = None
        elif kind == "ended":
            running.pop(slug, None)
            failed.pop(slug, None)
            if line.get("outcome") in ("changed", "unchanged"):
                done[slug] = str(line.get("fingerprint", ""))
            else:
                failed[slug] = str(line.get("why", ""))
        elif kind == "unwell":
            done.pop(slug, None)
            failed[slug] = str(line.get("why", ""))
        elif kind == "finished":
            finished = True
    return JournalRecord(file, begun, done, failed, tuple(running), finished)


def latest(folder: Path, name: str) -> JournalRecord | None:
    """The newest run of that name, or None."""
    files = sorted(folder.glob(f"*Z-{name}.jsonl"))
    return read(files[-1]) if files else None


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    content = raw(file, "remove it: the next run then begins with every tenant")
    for text in content.decode(errors="replace").splitlines():
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict) and "event" in line:
            yield line
