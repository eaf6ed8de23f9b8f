"""The pinned engine: where it is.

`find()` is cheap (it reads one small file and starts no process), so every command may call it.
Getting an engine is `python -m engine`; the set-up of a clone (`./smos`) does that.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from engine import pin
from kept import Damaged, mapping
from kept.operator_error import OperatorError

__all__ = ["CLONE", "STAMP", "Engine", "EngineMissing", "Route", "find"]

Route = Literal["path", "archive", "build"]

CLONE = Path(__file__).resolve().parent.parent
STAMP = ".smos-engine.json"  # in the virtualenv; written last, so its presence means: complete


class EngineMissing(OperatorError):
    """No usable engine in this clone; the message says how to get one."""


class Engine(NamedTuple):
    """An engine that can be started."""

    path: Path
    version: str
    route: Route  # how it came here: found on PATH, release archive, built from the Go module

    def environ(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """An environment in which this engine and its own language host are the ones that are used."""
        env = dict(os.environ if base is None else base)
        env["PATH"] = f"{self.path.parent}{os.pathsep}{env.get('PATH', os.defpath)}"
        env.setdefault("PULUMI_SKIP_UPDATE_CHECK", "true")
        return env


def find(clone: Path = CLONE) -> Engine:
    """The engine of this clone. Raises EngineMissing when there is none, or one of another version."""
    venv = clone / ".venv"
    mend = f"get it with: {clone / 'smos'} --version"
    try:
        stamp = mapping(venv / STAMP, mend)
        found = Engine(venv / stamp["path"], stamp["version"], stamp["route"])
    except FileNotFoundError:
        raise EngineMissing(f"this clone has no engine yet; {mend}") from None
    except (Damaged, ValueError, KeyError, TypeError):
        try:
            (venv / STAMP).unlink(missing_ok=True)  # the next start of smos writes it anew
        except OSError as error:
            raise EngineMissing(f"{venv / STAMP}: {error.strerror}. Fix: remove it, then {mend}") from None
        raise EngineMissing(f"{venv / STAMP} is unreadable and was removed; {mend}") from None
    if not os.access(found.path, os.X_OK):
        (venv / STAMP).unlink(missing_ok=True)
        raise EngineMissing(f"the engine has gone from {found.path}; {mend}")
    if not pin.is_compatible(found.version):
        (venv / STAMP).unlink(missing_ok=True)
        raise EngineMissing(f"the engine is {found.version}, engine/pin.py asks for {pin.VERSION}; {mend}")
    return found
