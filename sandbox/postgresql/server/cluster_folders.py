"""The clusters below one folder, each in a folder of its own that is named after what it stands behind."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from sandbox.postgresql.server.clusters import Cluster

__all__ = ["ClusterFolders"]


class ClusterFolders:
    """Made as they are asked for; whoever uses them from several threads has a lock of his own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clusters: dict[Path, Cluster] = {}

    def of(self, *names: str) -> Cluster:
        """The cluster of that name: whose it is, where, and what it is called there."""
        mark = hashlib.sha256("\0".join(names).encode()).hexdigest()[:8]
        shown = "".join(letter if letter.isalnum() else "-" for letter in names[-1])[:40]
        folder = self._folder / f"{names[0]}-{shown}-{mark}"
        return self._clusters.setdefault(folder, Cluster(folder))

    def status(self) -> list[dict[str, Any]]:
        """Those that run, for `smos sandbox status`."""
        return [{"folder": path.name, "port": one.port} for path, one in self._clusters.items() if one.running]

    def stop(self) -> None:
        """Stops every server; their data stays."""
        for cluster in self._clusters.values():
            cluster.stop()
