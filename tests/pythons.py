"""The Pythons of this machine that the project runs on: found on PATH, in /usr/bin, and where pyenv keeps them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

__all__ = ["LOWEST", "found", "version_of"]

LOWEST = (3, 11)
"""What README.md and ./smos claim."""
_NAMES = ("python3", *(f"python3.{minor}" for minor in range(LOWEST[1], 20)))
_ASKED = "import sys, venv, ensurepip; print(*sys.version_info[:3], sep='.')"


@cache
def found() -> dict[tuple[int, ...], str]:
    """Version → path, the lowest first; one of each version, and only those with a venv module."""
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    places = [sys.executable, *(f"/usr/bin/{name}" for name in _NAMES), *(shutil.which(name) for name in _NAMES)]
    places += [str(path) for path in versions.glob("3.*/bin/python3")]
    known: dict[tuple[int, ...], str] = {}
    for place in places:
        version = version_of(place) if place else ()
        if version >= LOWEST:
            known.setdefault(version, str(place))
    return dict(sorted(known.items()))


def version_of(python: str) -> tuple[int, ...]:
    """Such as (3, 11, 2); nothing when it is not there or lacks what a virtualenv needs."""
    try:
        done = subprocess.run([python, "-c", _ASKED], capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(int(part) for part in done.stdout.strip().split("."))
