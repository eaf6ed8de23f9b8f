"""The user's cache folder: where an engine is kept so that the next clone has it in seconds.

One folder a version, route and platform, filled aside and renamed into place: it is whole or absent.
It keeps nothing that can't be fetched or built again.
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine import pin
from kept import lock_file
from kept.say import Say

__all__ = ["engine_folder", "filling", "locked", "platform_name", "remove_leftovers", "root"]


MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def root() -> Path:
    """$SMOS_CACHE, else $XDG_CACHE_HOME/smarteros, else ~/.cache/smarteros."""
    if own := os.environ.get("SMOS_CACHE"):
        return Path(own).absolute()
    caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(caches).absolute() if caches else Path.home() / ".cache") / "smarteros"


def platform_name() -> str:
    """This machine as the engine's releases name it, such as linux-x64."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}-{MACHINES.get(machine, machine)}"


def engine_folder(route: str) -> Path:
    """Where the pinned engine lies when it came by this route."""
    return root() / "engine" / pin.VERSION / f"{route}-{platform_name()}"


@contextmanager
def filling(target: Path) -> Iterator[Path]:
    """An empty folder that becomes `target` when the block succeeds, and nothing when it does not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f"{target.name}.part-", dir=target.parent))
    try:
        yield part
        shutil.rmtree(target, ignore_errors=True)
        part.chmod(0o755)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def locked(file: Path, say: Say, busy: str) -> Iterator[None]:
    """Hold a lock; say `busy` and wait while another process has it. It ends with its process."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(lock_file(file, "remove it, and start smos again"), "ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(busy)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def remove_leftovers(folder: Path) -> None:
    """Delete what killed set-ups left half-filled. Call it only with the lock held."""
    for part in folder.glob("*.part-*"):
        shutil.rmtree(part, ignore_errors=True)
