"""One run on many tenants at a time: the next waits for it, and says for whom.

The lock is the kernel's, and ends with the process that holds it, however it ends. What is written in it is only told.
It lies beside a state of files, so that everybody who uses that state meets it; else among this clone's own files. Of
runs on other machines, only the engine's own lock of each stack is seen.
"""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from deploy.target import RunTarget
from kept import lock_file
from kept.say import Say

__all__ = ["Holder", "alone"]

LOOK_AGAIN_S = 1.0


class Holder:
    """Who holds it, as the file says."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content

    def __str__(self) -> str:
        found = self._content
        if not found:
            return "another run"
        return f"{found['user']} (process {found['pid']} on {found['host']}, since {found['since']}, {found['what']})"


@contextlib.contextmanager
def alone(place: RunTarget, what: str, say: Say, *, stopped: Callable[[], bool] = lambda: False) -> Iterator[bool]:
    """Waits until no other run is on, and is the one for the block. False, and no lock, when `stopped` before."""
    with os.fdopen(
        lock_file(file_of(place), "remove it, and run the same command again"), "r+", errors="replace"
    ) as file:
        got = _waited(file, say, stopped)
        if got:
            _write(
                file, {"user": _user(), "pid": os.getpid(), "host": socket.gethostname(), "since": _now(), "what": what}
            )
        try:
            yield got
        finally:
            if got:
                file.truncate(0)


def file_of(place: RunTarget) -> Path:
    """The file of the lock of an environment."""
    backend = place.environ.get("PULUMI_BACKEND_URL", "").partition("?")[0]
    folder = (
        Path(backend.removeprefix("file://")).expanduser() if backend.startswith("file://") else place.scratch.parent
    )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / "tenants-run.lock"


def _waited(file: IO[str], say: Say, stopped: Callable[[], bool]) -> bool:
    reported = ""
    while not stopped():
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = str(_read(file))
            if holder != reported:
                say(f"waiting for the run of {holder}; Ctrl-C gives up")
                reported = holder
            time.sleep(LOOK_AGAIN_S)
            continue
        left = _read(file)
        if str(left) != str(Holder({})):
            say(f"the run of {left} has ended without saying so; its journal tells how far it came")
        return True
    return False


def _read(file: IO[str]) -> Holder:
    file.seek(0)
    try:
        content = json.loads(file.read() or "{}")
        return Holder({key: str(content[key]) for key in ("user", "pid", "host", "since", "what")} if content else {})
    except (ValueError, KeyError, TypeError, RecursionError):
        return Holder({})


def _write(file: IO[str], content: dict[str, Any]) -> None:
    file.seek(0)
    file.truncate(0)
    file.write(json.dumps(content))
    file.flush()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a number without a name
        return f"user {os.getuid()}"


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
