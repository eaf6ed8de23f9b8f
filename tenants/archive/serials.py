"""Which archives were seen on this machine: an older one than the newest, or one that was imported already, is not put
back by mistake or by somebody's wish. The journal lies on the shelf; a new machine begins with an empty one.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from age_keyring.signing import Statement
from kept import Damaged, keep, mapping
from tenants.archive.manifest import ArchiveBroken

__all__ = ["Serials"]

_MEND = "remove it: what was seen is learnt anew, and an older archive is not noticed once"


@dataclass(frozen=True)
class Serials:
    """The journal of one shelf."""

    folder: Path

    @property
    def file(self) -> Path:
        """Environment and tenant → the newest number, and those that were imported."""
        return self.folder / "serials.json"

    def next(self, stack: str, slug: str) -> int:
        """A number above all that were seen: of another machine too, by the clock."""
        return max(time.time_ns() // 1000, int(self._of(stack, slug)["newest"]) + 1)

    def refuse_old(self, statement: Statement, meant: int | None) -> None:
        """Raises ArchiveBroken for one that is not the newest, or was imported, unless its number is `meant`."""
        known = self._of(statement.stack, statement.subject)
        serial, what = statement.serial, f"archive {statement.serial} of {statement.subject}, of {statement.made}"
        if meant is not None and meant != serial:
            raise ArchiveBroken(f"this is {what}, not {meant}. Fix: --serial {serial}, if this one is meant")
        if meant is None and serial < known["newest"]:
            why = f"{what}, is older than {known['newest']}, which this machine has seen"
            raise ArchiveBroken(f"{why}. Fix: the newer one; or, if this one is meant, --serial {serial}")
        if meant is None and serial in known["imported"]:
            raise ArchiveBroken(
                f"{what}, was imported already. Fix: a newer one; or, if it is meant once more, --serial {serial}"
            )

    def saw(self, statement: Statement, *, imported: bool = False) -> None:
        """Notes one that was written or, with `imported`, has become a tenant."""
        known = self._of(statement.stack, statement.subject)
        done = {*known["imported"], *([statement.serial] if imported else [])}
        new = {"newest": max(known["newest"], statement.serial), "imported": sorted(done)}
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        keep(self.file, json.dumps(self._all() | {f"{statement.stack}/{statement.subject}": new}, indent=1))

    def _of(self, stack: str, slug: str) -> dict[str, Any]:
        known = self._all().get(f"{stack}/{slug}", {"newest": 0, "imported": []})
        numbers = [known.get("newest"), *_list(known.get("imported"))] if isinstance(known, dict) else [None]
        if all(type(one) is int for one in numbers):
            return {"newest": numbers[0], "imported": numbers[1:]}
        raise ArchiveBroken(f"{self.file}: {stack}/{slug}: no numbers of archives. Fix: {_MEND}")

    def _all(self) -> dict[str, Any]:
        try:
            return mapping(self.file, _MEND)
        except FileNotFoundError:
            return {}
        except Damaged as damaged:
            raise ArchiveBroken(str(damaged)) from None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [None]
