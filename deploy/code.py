"""One value of everything in a clone that decides what a run does: its code, its settings and its versions.

All that the clone holds decides, but for what is named here as deciding nothing: a list of the rooms that decide would
miss the next one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

__all__ = ["code_of", "deciding_files"]

NOTHING = ("tests", "docs", "bench")
"""Rooms that decide nothing: what checks, describes or measures the others."""
DATA = ("tenants/registry",)
"""Of a tenant its own file decides, which is in its fingerprint by what it says."""
AT_THE_TOP = (".py", ".yaml", ".lock", ".in", ".toml")
_LEFT = (".pyc", ".md")


@cache
def code_of(root: Path) -> str:
    """Of everything in a clone that decides, as this process found it."""
    found = hashlib.sha256()
    for file in deciding_files(root):
        content = file.read_bytes()
        found.update(f"{file.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()


def deciding_files(root: Path) -> list[Path]:
    """The files of a clone that decide: its settings and versions, and all that is in a room with Python in it."""
    return sorted(file for file in _files(root) if file.suffix not in _LEFT)


def _files(root: Path) -> Iterator[Path]:
    for one in root.iterdir():
        if one.name.startswith(".") or one.name in NOTHING:
            continue
        if one.is_file():
            if one.suffix in AT_THE_TOP:
                yield one
        elif any(one.glob("*.py")) and not (one / "pyvenv.cfg").exists():
            yield from _room(one, root)


def _room(folder: Path, root: Path) -> Iterator[Path]:
    for one in folder.iterdir():
        if one.is_dir():
            if one.name != "__pycache__" and one.relative_to(root).as_posix() not in DATA:
                yield from _room(one, root)
        elif one.is_file() and not one.name.startswith("."):
            yield one
