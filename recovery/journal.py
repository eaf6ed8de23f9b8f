"""The steps of a long operation, noted as each ends: killed at any moment, the same command goes on where it was.

Every step is idempotent: one that was cut off is done again. One operation of a kind runs at a time; a second operator
is refused for as long as the first one's process lives (the lock is the kernel's and ends with it).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kept import Damaged, keep, lock_file, mapping
from kept.operator_error import OperatorError
from kept.say import Say

__all__ = ["Busy", "Journal", "OtherOperation", "journal"]

_NAME = re.compile("[a-z0-9][a-z0-9._-]{0,99}")
_MEND = "remove it, and run the same command again: every step is safe to do twice"


class Busy(OperatorError):
    """Another process is at the same operation."""


class OtherOperation(OperatorError):
    """An operation of that name was begun with other arguments and has not ended."""


@dataclass
class Journal:
    """One operation: what it was asked for, and which of its steps have ended, with what each answered."""

    file: Path
    asked: Mapping[str, str]
    """The arguments: the same command with others is another operation."""
    say: Say
    done: dict[str, Any] = field(default_factory=dict)
    """Step → its answer: something that JSON can hold, and no secret."""

    @property
    def resumed(self) -> bool:
        """Whether an earlier run of it was cut off."""
        return bool(self.done)

    def step(self, name: str, work: Callable[[], Any], told: str = "") -> Any:
        """The answer of a step: done now, or noted by an earlier run. `told` is said before it is done."""
        if name in self.done:
            return self.done[name]
        if told:
            self.say(told)
        answer = work()
        self.done[name] = answer
        self._write()
        return answer

    def has(self, name: str) -> bool:
        """Whether a step has ended."""
        return name in self.done

    def end(self) -> None:
        """The operation has ended, or was given up: nothing is left to resume."""
        self.file.unlink(missing_ok=True)

    def _write(self) -> None:
        keep(self.file, json.dumps({"asked": dict(self.asked), "done": self.done}, indent=1))


@contextlib.contextmanager
def journal(folder: Path, name: str, asked: Mapping[str, str], say: Say) -> Iterator[Journal]:
    """The journal of one operation, held for the block. It stays when the block raises: `Journal.end` removes it.

    `folder`: where journals of that kind are (`keeps_in(target) / "recovery"`). Raises Busy while another process has
    it, OtherOperation when one of that name was begun with other arguments, Damaged when it can't be read.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no journal's name")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = lock_file(folder / f"{name}.lock", _MEND)
    try:
        _alone(lock, name)
        file = folder / f"{name}.json"
        found = Journal(file, dict(asked), say, _done(file, name, asked))
        if found.resumed:
            say(f"{name} was begun before and not ended: going on after {list(found.done)[-1]}")
        yield found
    finally:
        os.close(lock)


def _alone(lock: int, name: str) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 20, 0).decode(errors="replace").strip()
        raise Busy(
            f"{name} is being done by another process ({holder or 'unknown'}). "
            "Fix: wait for it, or end it with Ctrl-C in its own terminal"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


def _done(file: Path, name: str, asked: Mapping[str, str]) -> dict[str, Any]:
    try:
        content = mapping(file, _MEND)
    except FileNotFoundError:
        return {}
    begun, done = content.get("asked"), content.get("done")
    if not isinstance(begun, dict) or not isinstance(done, dict):
        raise Damaged(file, "not what belongs there: no journal", _MEND)
    if begun != dict(asked):
        words = ", ".join(f"{key} {value}" for key, value in sorted(begun.items()) if value)
        raise OtherOperation(
            f"{name} was begun with other arguments ({words}) and has not ended. Fix: run it again with those; or give "
            f"it up: remove {file}"
        )
    return done
