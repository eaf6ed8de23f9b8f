"""The folder of this machine behind each simulated volume: what a container run on its host would find there.

It is made with the volume and goes with it. What really runs behind a container (Redis, Vault, PostgreSQL) keeps its
data in a folder of its own, so nothing is in the folders of theirs.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sandbox.core.inventory import Inventory
from sandbox.core.records import Record
from sandbox.docker.containers import VOLUME, folder_of

__all__ = ["VolumeFolders"]


class VolumeFolders:
    """The folders of one sandbox's volumes."""

    def __init__(self, folder: Path, cloud: Inventory) -> None:
        self._folder = folder / "volumes"
        self._cloud = cloud

    def happened(self, what: str, record: Record) -> None:
        """Makes or removes the folder of a volume to which that has happened."""
        if record.token != VOLUME:
            return
        folder = self._place(record)
        if what == "deleted":
            shutil.rmtree(folder, ignore_errors=True)
        else:
            folder.mkdir(parents=True, exist_ok=True)

    def find(self, scope: str, name: str) -> Path | None:
        """The folder of a volume of a daemon; None when there is no such volume. One that somebody removed by hand is
        there again, empty: as a new disk would be.
        """
        for record in self._cloud.find(VOLUME):
            if record.scope in ("", scope) and name == record.inputs.get("name"):
                folder = self._place(record)
                folder.mkdir(parents=True, exist_ok=True)
                return folder
        return None

    def _place(self, record: Record) -> Path:
        return folder_of(self._folder, record.scope, str(record.inputs.get("name", record.id)))
