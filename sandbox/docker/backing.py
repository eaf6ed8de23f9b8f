"""What stands behind the containers of one kind, as a backend: for vendors whose product runs in containers alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from sandbox.core.backend import Backend
from sandbox.core.records import Record
from sandbox.core.relay import Target

__all__ = ["BehindContainers", "Containers"]


class Containers(Protocol):
    """The real things behind the containers of a kind. Each method as in `Backend`."""

    def happened(self, what: str, record: Record, before: Record | None, /) -> None:
        """Starts, restarts or stops what has happened to a record."""

    def route(self, address: str, host: str, port: int, /) -> Target | None:
        """Where a connection from the machine at an address ends here."""

    def behind(self, record: Record, port: int, /) -> Callable[[], Target] | None:
        """What starts the thing behind a container, and says where it listens."""

    def status(self) -> list[dict[str, Any]]:
        """Those that run."""

    def close(self) -> None:
        """Stops them; their data stays."""


class BehindContainers(Backend):
    """They, under a name for the status."""

    def __init__(self, name: str, containers: Containers) -> None:
        self._name = name
        self._containers = containers

    def happened(self, what: str, record: Record, before: Record | None) -> None:
        self._containers.happened(what, record, before)

    def route(self, address: str, host: str, port: int) -> Target | None:
        return self._containers.route(address, host, port)

    def behind(self, record: Record, port: int) -> Callable[[], Target] | None:
        return self._containers.behind(record, port)

    def status(self) -> Mapping[str, Any]:
        return {self._name: self._containers.status()}

    def close(self) -> None:
        self._containers.close()
