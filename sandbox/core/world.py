"""Everything simulated that is not a resource of Pulumi's: the vendors' backends, run together.

It asks them in the order in which it is given them (`sandbox.vendors`), and closes them from the last to the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox.core.backend import Answer, Backend, Command, Site
from sandbox.core.inventory import Inventory
from sandbox.core.loop import Loop
from sandbox.core.origin import Origin
from sandbox.core.records import Record
from sandbox.core.relay import Target

__all__ = ["World"]


class World:
    """The backends of one sandbox, from its start to its stop."""

    def __init__(self, folder: Path, cloud: Inventory, backends: Iterable[Callable[[Site], Backend]]) -> None:
        self._loop = Loop()
        site = Site(folder=folder, cloud=cloud, run=self._loop.run, ask=self)
        self.backends = [made(site) for made in backends]

    def __enter__(self) -> Self:
        self.sync()
        for one in self.backends:
            one.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as ending:
            ending.callback(self._loop.stop)
            for one in self.backends:
                ending.callback(one.close)

    def sync(self) -> None:
        """Makes what the scene names exist, as it is named now. What it no longer names stays."""
        for one in self.backends:
            one.sync()

    def happened(self, what: str, record: Record, before: Record | None) -> None:
        """Called by the providers for every change, before it is kept."""
        for one in self.backends:
            one.happened(what, record, before)

    def status(self) -> dict[str, Any]:
        """What runs, for `smos sandbox status`."""
        together: dict[str, Any] = {}
        for one in self.backends:
            for name, found in one.status().items():
                together[name] = [*together[name], *found] if name in together else found
        return together

    def commands(self) -> Mapping[str, Command]:
        """Of all vendors, for the control port."""
        return {name: command for one in self.backends for name, command in one.commands().items()}

    def apis(self) -> Mapping[str, Answer]:
        """Of all vendors, by the beginning of their paths."""
        return {prefix: answer for one in self.backends for prefix, answer in one.apis().items()}

    # -- what the backends ask of each other -----------------------------------------------------------------------

    def route(self, address: str, host: str, port: int) -> Target | None:
        """Where a connection from the machine at an address ends on this one; None when nothing would answer it."""
        return next((found for one in self.backends if (found := one.route(address, host, port))), None)

    def connect(self, address: str, host: str, port: int) -> Target | None:
        """The same for somebody who connects now: what had ended may start again."""
        found = self.route(address, host, port)
        if found:
            for one in self.backends:
                one.connected(port)
        return found

    def inside(self, host: str, port: int) -> Target | None:
        """As `route`, for who is inside of the vendor's own network."""
        return next((found for one in self.backends if (found := one.inside(host, port))), None)

    def behind(self, record: Record, port: int) -> Callable[[], Target] | None:
        """What starts the thing behind a record's port and says where it listens; None when there is nothing."""
        return next((found for one in self.backends if (found := one.behind(record, port))), None)

    def origin(self, target: str, name: str) -> Origin | None:
        """Who answers for a name whose record leads to a target."""
        return next((found for one in self.backends if (found := one.origin(target, name))), None)
