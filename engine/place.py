"""Puts an engine into a clone: its files into `.venv/bin`, then the stamp that `engine.find` reads.

The engine looks for its language host beside its own resolved path, so a symbolic link into the cache
would not do: hard links, or copies where the cache is on another disk.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from engine import STAMP, Engine

__all__ = ["place", "write_stamp"]

HOST = "pulumi-language-python"

# Finds everything from its own place, so a clone may be moved, and its path may have spaces.
HOST_SCRIPT = """\
#!/bin/sh
here=${0%/*}
exec "$here/python" -u "$here/../../engine/language_host.py" "$@"
"""


def place(folder: Path, engine: Engine, venv: Path) -> Engine:
    """Put the files of `folder` into the virtualenv, with our language host if it has none."""
    bin_folder = venv / "bin"
    for stale in bin_folder.glob("pulumi-*python*"):
        stale.unlink()
    for file in sorted(folder.iterdir()):
        _link(file, bin_folder / file.name)
    if not (folder / HOST).exists():
        _write_script(bin_folder / HOST)
    placed = engine._replace(path=bin_folder / "pulumi")
    write_stamp(placed, venv)
    return placed


def write_stamp(engine: Engine, venv: Path) -> None:
    """Say where the engine is; relative when it lies in the virtualenv, which may be moved."""
    path = engine.path
    if path.is_relative_to(venv):
        path = path.relative_to(venv)
    part = venv / f"{STAMP}.part"
    part.write_text(json.dumps({"path": str(path), "version": engine.version, "route": engine.route}) + "\n")
    part.replace(venv / STAMP)


def _link(source: Path, target: Path) -> None:
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    try:
        os.link(source, part)
    except OSError:  # another disk, or a file system without hard links
        shutil.copy2(source, part)
    part.replace(target)


def _write_script(target: Path) -> None:
    part = target.with_name(f"{target.name}.part")
    part.write_text(HOST_SCRIPT)
    part.chmod(0o755)
    part.replace(target)
