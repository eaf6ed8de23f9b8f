"""What stands behind containers that have PostgreSQL's image: real servers, and real clients of a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.backend import Site
from sandbox.core.records import Record
from sandbox.docker.backing import BehindContainers
from sandbox.postgresql.server.clients import PostgresClients
from sandbox.postgresql.server.containers import PORT, PostgresContainers

__all__ = ["BACKEND"]


class PostgresBackend(BehindContainers):
    """Servers and clients of one sandbox."""

    def __init__(self, site: Site) -> None:
        super().__init__("databases", PostgresContainers(site.folder / "clusters", site.cloud))
        self._clients = PostgresClients(site.folder / "clients", site.cloud, site.ask)

    def happened(self, what: str, record: Record, before: Record | None) -> None:
        super().happened(what, record, before)
        self._clients.happened(what, record, before)

    def connected(self, port: int) -> None:
        if port == PORT:
            self._clients.wake()

    def status(self) -> Mapping[str, Any]:
        return {**super().status(), "clients": self._clients.status()}

    def close(self) -> None:
        self._clients.close()
        super().close()


BACKEND = PostgresBackend
