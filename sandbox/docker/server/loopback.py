"""Ports of 127.0.0.1 that simulated containers publish, for as long as something real stands behind them.

Of this machine's own Docker engine alone: what a container on a rented machine publishes is published there. A database
or a Vault answers; of the others nothing runs here, so nobody listens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.core.backend import Run
from sandbox.core.inventory import Inventory
from sandbox.core.records import Record
from sandbox.core.relay import ADDRESS, Target, listening
from sandbox.docker.containers import CONTAINER

__all__ = ["CONTAINER", "Loopback"]

Behind = Callable[[Record, int], Callable[[], Target] | None]
"""(container, its port) → what starts the thing behind it and says where it listens; None when there is nothing."""


class Loopback:
    """The listeners. `run` runs a coroutine in the loop that they live in, and waits."""

    def __init__(self, run: Run, behind: Behind) -> None:
        self._run = run
        self._behind = behind
        self._open: dict[tuple[str, str], list[asyncio.Server]] = {}

    def begin(self, cloud: Inventory) -> None:
        """Opens what containers published that are there already. A port that somebody has taken stays theirs."""
        for record in cloud.find(CONTAINER):
            try:
                self._publish(record)
            except ValueError as error:
                print(error, flush=True)

    def happened(self, what: str, record: Record, before: Record | None) -> None:
        """Follows a container. Raises ValueError in Docker's words when a port is taken."""
        if record.token != CONTAINER:
            return
        for one in (before, record):
            self._end(one)
        if what != "deleted":
            self._publish(record)

    def status(self) -> list[dict[str, Any]]:
        """The ports that lead somewhere, for `smos sandbox status`."""
        return [
            {"name": name, "local_port": socket.getsockname()[1]}
            for (_, name), servers in self._open.items()
            for server in servers
            for socket in server.sockets
        ]

    def close(self) -> None:
        """Ends the listeners of all published ports."""
        for servers in self._open.values():
            self._run(_closed(servers))
        self._open.clear()

    def _end(self, record: Record | None) -> None:
        servers = self._open.pop(_key(record), []) if record else []
        if servers:
            self._run(_closed(servers))

    def _publish(self, record: Record) -> None:
        if not record.scope.startswith("unix://"):
            return
        for port in record.inputs.get("ports") or []:
            start = self._behind(record, int(port["internal"]))
            if start is None or port.get("ip") != ADDRESS or not port.get("external"):
                continue
            try:
                server = self._run(listening(int(port["external"]), start))
            except OSError:
                self._end(record)
                raise ValueError(
                    "Unable to start container: driver failed programming external connectivity on endpoint "
                    f"{record.inputs.get('name')}: Bind for {ADDRESS}:{port['external']:.0f} failed: "
                    "port is already allocated. Fix: end the program that listens there, or another port"
                ) from None
            self._open.setdefault(_key(record), []).append(server)


def _key(record: Record) -> tuple[str, str]:
    return record.scope, str(record.inputs.get("name"))


async def _closed(servers: Iterable[asyncio.Server]) -> None:
    for server in servers:
        server.close()
