"""Which sets of migrations there are: folders of SQL files, each applied once, in the order of their names."""

from __future__ import annotations

from pathlib import Path

__all__ = ["FOLDER", "latest"]

FOLDER = Path(__file__).with_name("migrations")


def latest(name: str) -> str:
    """The last file of a set."""
    files = sorted(file.stem for file in (FOLDER / name).glob("*.sql"))
    if not files:
        raise ValueError(f"there is no set of migrations {name}")
    return files[-1]
