"""What one part of a backup holds, from its store into a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from recovery.manifest import Part
from recovery.restic import BLOCK, Restic
from recovery.restic_problems import RepositoryDamaged

__all__ = ["fetched"]


def fetched(stores: Mapping[str, Restic], part: Part, folder: Path) -> None:
    """Into an empty folder. Raises OperatorError: RepositoryDamaged where it is not what was put there."""
    restic = stores.get(part.store)
    if restic is None:
        raise RepositoryDamaged(
            f"{part.name} is in the store {part.store}, which the settings don't name any more. "
            "Fix: smarteros:backups/stores, with the name that it had"
        )
    if not part.file:
        restic.restore(part.snapshot, part.path, folder)
        return
    found = hashlib.sha256()
    path = f"{part.path.rstrip('/')}/{part.file}"
    with restic.reading(part.snapshot, path) as source, (folder / part.file).open("xb") as out:
        while block := source.read(BLOCK):
            found.update(block)
            out.write(block)
    if part.sha256 and found.hexdigest() != part.sha256:
        raise RepositoryDamaged(
            f"store {part.store}: {part.name} is not what was written: its checksum is another. Nothing of it was "
            "used. Fix: another backup (./smos backups)"
        )
