"""Behind every simulated container that runs Vault stands a Vault: which record has which, and who may reach it.

Its data lives and dies with the container's volume. A container that starts, also because the sandbox did, is sealed.
The Vault is the simulated one, or a real one if the operator has named its program.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.core.inventory import Inventory
from sandbox.core.records import Record
from sandbox.core.relay import ADDRESS
from sandbox.docker.containers import CONTAINER, VOLUME, at, folder_of, runs_image, volumes
from sandbox.vault.server.http import VaultServer
from sandbox.vault.server.process import VaultProcess, chosen_binary

__all__ = ["VaultContainers"]

IMAGES = ("hashicorp/vault", "openbao/openbao")
DATA_FOLDERS = ("/vault/file", "/openbao/file")
PORT = 8200


class VaultContainers:
    """The Vaults behind the inventory's records."""

    def __init__(self, folder: Path, cloud: Inventory) -> None:
        self._folder = folder
        self._cloud = cloud
        self._servers: dict[Path, VaultServer | VaultProcess] = {}
        self._lock = threading.RLock()

    def happened(self, what: str, record: Record, _before: Record | None) -> None:
        """Starts, restarts or stops what has happened to a record."""
        with self._lock:
            if record.token == VOLUME and what == "deleted":
                folder = folder_of(self._folder, record.scope, str(record.inputs.get("name", record.id)))
                self._stop(folder)
                shutil.rmtree(folder, ignore_errors=True)
            elif record.token == CONTAINER:
                place = self._container_place(record)
                if place is not None:
                    self._stop(place)
                    if what != "deleted":
                        self._started(place)

    def route(self, address: str, target_host: str, target_port: int) -> tuple[str, int] | None:
        """Where a connection from the machine at `address` ends here; None when no Vault would answer it."""
        if target_port != PORT:
            return None
        with self._lock:
            for record in at(self._cloud, address, target_host):
                place = self._container_place(record)
                if place is not None:
                    return ADDRESS, self._started(place).port
        return None

    def behind(self, record: Record, port: int) -> Callable[[], tuple[str, int]] | None:
        """What starts the Vault of a container, and says where it listens; None when it has none at that port."""
        with self._lock:
            place = self._container_place(record) if port == PORT else None
        if place is None:
            return None

        def started() -> tuple[str, int]:
            with self._lock:
                return ADDRESS, self._started(place).port

        return started

    def status(self) -> list[dict[str, Any]]:
        """The Vaults that run, for `smos sandbox status`."""
        with self._lock:
            return [
                {"folder": path.name, "port": one.port, "sealed": one.sealed} for path, one in self._servers.items()
            ]

    def close(self) -> None:
        """Stops every Vault; their data stays."""
        with self._lock:
            for place in list(self._servers):
                self._stop(place)

    def _started(self, place: Path) -> VaultServer | VaultProcess:
        if place not in self._servers:
            binary = chosen_binary()
            self._servers[place] = VaultProcess(place, binary) if binary else VaultServer(place)
        return self._servers[place]

    def _stop(self, place: Path) -> None:
        server = self._servers.pop(place, None)
        if server is not None:
            server.close()

    def _container_place(self, record: Record) -> Path | None:
        """Where the data of a container that runs Vault lies; None for any other container."""
        if not runs_image(self._cloud, record, IMAGES):
            return None
        named = (name for name, path in volumes(record).items() if path in DATA_FOLDERS)
        name = next(named, f"container-{record.inputs.get('name')}")
        return folder_of(self._folder, record.scope, name)
