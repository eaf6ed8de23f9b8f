"""What stands behind containers that have PostgreSQL's image: real servers, and real clients of a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.core.backend import Backend, Site
from sandbox.core.records import Record
from sandbox.core.relay import Target
from sandbox.postgresql.server.clients import PostgresClients
from sandbox.postgresql.server.containers import PORT, PostgresContainers

__all__ = ["BACKEND"]


class PostgresBackend(Backend):
    """Servers and clients of one sandbox."""

    def __init__(self, site: Site) -> None:
        self._servers = PostgresContainers(site.folder / "clusters", site.cloud)
        self._clients = PostgresClients(site.folder / "clients", site.cloud, site.ask)

    def happened(self, what: str, record: Record, before: Record | None) -> None:
        self._servers.happened(what, record, before)
        self._clients.happened(what, record, before)

    def route(self, address: str, host: str, port: int) -> Target | None:
        return self._servers.route(address, host, port)

    def connected(self, port: int) -> None:
        if port == PORT:
            self._clients.wake()

    def behind(self, record: Record, port: int) -> Callable[[], Target] | None:
        return self._servers.behind(record, port)

    def status(self) -> Mapping[str, Any]:
        return {"databases": self._servers.status(), "clients": self._clients.status()}

    def close(self) -> None:
        self._clients.close()
        self._servers.close()


BACKEND = PostgresBackend
