"""Locks that a dead run left in a state of files: told from those of the living, and removed only when the death is
proved.

`pulumi cancel` removes every lock, also that of a run which goes on, and then two write at once. Here the lock's
host, process and start are compared first. States kept elsewhere (Pulumi Cloud, buckets) are left alone: who holds
a lock there can't be seen.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

from deploy.target import RunTarget
from kept import Damaged, mapping
from kept.operator_error import OperatorError
from kept.say import Say

__all__ = ["Lock", "Locked", "free_of_dead_locks"]


class Locked(OperatorError):
    """Another run holds the lock, or it can't be told whether it does."""


@dataclass(frozen=True)
class Lock:
    """One lock of a stack."""

    file: Path
    pid: int
    host: str
    taken: datetime


def free_of_dead_locks(place: RunTarget, project: str, stack: str, say: Say) -> None:
    """Removes the stack's locks whose owners are proved dead. Raises Locked for any other, with whom and what to do."""
    for file in _files(place, project, stack):
        lock = _read(file)
        if lock is None:
            say(f"removing a lock without content, which a crash left: {file.name}")
            file.unlink(missing_ok=True)
        elif lock.host != socket.gethostname():
            raise Locked(
                f"{stack} is locked by process {lock.pid} on the machine {lock.host} "
                f"since {lock.taken:%Y-%m-%d %H:%M}. "
                f"Fix: wait for it; if that machine is gone for good, remove {file}"
            )
        elif _alive(lock):
            raise Locked(
                f"{stack} is locked by process {lock.pid}, which runs since before {lock.taken:%Y-%m-%d %H:%M:%S}. "
                "Fix: wait for it, or end it with Ctrl-C in its own terminal"
            )
        else:
            say(f"removing the lock of process {lock.pid}, which ended without giving it back")
            file.unlink(missing_ok=True)


def _files(place: RunTarget, project: str, stack: str) -> Iterator[Path]:
    backend = place.environ.get("PULUMI_BACKEND_URL", "")
    if backend.startswith("file://"):
        folder = Path(backend.removeprefix("file://")).expanduser()
        locks = folder / ".pulumi" / "locks" / "organization" / project / stack
        # The engine writes a lock beside its place first; killed just then, it leaves that, which counts as one too.
        yield from sorted((*locks.glob("*.json"), *locks.glob("*.json.*.tmp")))


def _read(file: Path) -> Lock | None:
    """The lock; None when the file holds none (it was cut off by a crash) or has gone."""
    try:
        content = mapping(file, "")
        taken = datetime.fromisoformat(content["timestamp"])
        return Lock(file, int(content["pid"]), str(content["hostname"]), taken)
    except (Damaged, OSError, ValueError, KeyError, TypeError):
        return None


def _alive(lock: Lock) -> bool:
    """Whether the very process that took the lock still runs: a later one may have got its number."""
    try:
        process = psutil.Process(lock.pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= lock.taken.timestamp()
    except (psutil.Error, OverflowError, ValueError):
        return False
