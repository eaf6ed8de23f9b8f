"""What stands behind containers that run Vault."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.core.backend import Backend, Site
from sandbox.core.records import Record
from sandbox.core.relay import Target
from sandbox.vault.server.containers import VaultContainers

__all__ = ["BACKEND"]


class VaultBackend(Backend):
    """The containers of one sandbox."""

    def __init__(self, site: Site) -> None:
        self._containers = VaultContainers(site.folder / "vaults", site.cloud)

    def happened(self, what: str, record: Record, before: Record | None) -> None:
        self._containers.happened(what, record, before)

    def route(self, address: str, host: str, port: int) -> Target | None:
        return self._containers.route(address, host, port)

    def behind(self, record: Record, port: int) -> Callable[[], Target] | None:
        return self._containers.behind(record, port)

    def status(self) -> Mapping[str, Any]:
        return {"vaults": self._containers.status()}

    def close(self) -> None:
        self._containers.close()


BACKEND = VaultBackend
