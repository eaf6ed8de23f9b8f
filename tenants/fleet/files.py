"""The tenants' files as a run found them: one that is edited while the run is on is noticed before its tenant begins.

What was checked across all files at the beginning (names and numbers that two tenants share) would not hold any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kept import Damaged, raw
from settings.problems import Problem
from tenants.registry import FOLDER, RegistryError

__all__ = ["Files"]


@dataclass(frozen=True)
class Files:
    """Content by file, of folders that lie over each other."""

    folders: tuple[Path, ...]
    seen: Mapping[Path, str]

    @classmethod
    def of(cls, folders: Iterable[Path]) -> Files:
        """The files of tenants as they are now, each with its checksum."""
        every = tuple(folders)
        return cls(every, {file: _digest(file) for folder in every for file in sorted(folder.glob("*.y*ml"))})

    def check(self, slug: str) -> None:
        """Raises RegistryError when the tenant's file is another than at the beginning."""
        for folder in self.folders:
            file = folder / f"{slug}.yaml"
            before, now = self.seen.get(file, ""), _digest(file)
            if before != now:
                what = "appeared" if not before else "was edited" if now else "was removed"
                why = f"this file {what} while a run on all tenants is on; nothing of this tenant was begun"
                mend = f"finish it, then the same command again ({file})"
                raise RegistryError([Problem(f"{FOLDER}/{slug}.yaml", "", "", why, mend)])

    def changed(self) -> list[str]:
        """The names of the files that are others than at the beginning."""
        now = Files.of(self.folders).seen
        return sorted({file.name for file in {*now, *self.seen} if now.get(file) != self.seen.get(file)})


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(raw(file, "")).hexdigest()
    except (Damaged, OSError):
        return ""
