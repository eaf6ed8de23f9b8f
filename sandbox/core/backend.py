"""What the core needs of a vendor beside his types: what really runs behind records, and what answers without Pulumi.

A vendor's folder has its own in `backend.py`, as BACKEND: a class that is made with a `Site`. `sandbox.vendors` lists
the folders; `core.world` runs what they offer. Neither knows a vendor by name.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sandbox.core.inventory import Inventory
from sandbox.core.origin import Origin
from sandbox.core.records import Record
from sandbox.core.relay import Target

__all__ = ["Answer", "Ask", "Backend", "Command", "Run", "Site", "Target"]

T = TypeVar("T")
Command = Callable[[Mapping[str, Any]], Any]
"""What `smos sandbox` may ask at the control port: arguments → answer."""
Answer = Callable[[str, str, str], tuple[int, Any]]
"""A vendor's API over HTTP: (path with query, Authorization, the address it was asked at) → (status, body) of a GET."""


class Run(Protocol):
    """Runs a coroutine in the loop that the sandbox's listeners live in, and waits for it."""

    def __call__(self, work: Coroutine[Any, Any, T], /) -> T: ...


class Ask(Protocol):
    """What a backend may ask of all of them together."""

    def route(self, address: str, host: str, port: int) -> Target | None:
        """Where a connection from the machine at an address ends on this one; None when nothing would answer it."""

    def connect(self, address: str, host: str, port: int) -> Target | None:
        """The same for somebody who connects now: what had ended may start again."""

    def inside(self, host: str, port: int) -> Target | None:
        """As `route`, for who is inside of the vendor's own network."""

    def behind(self, record: Record, port: int) -> Callable[[], Target] | None:
        """What starts the thing behind a record's port and says where it listens; None when there is nothing."""

    def origin(self, target: str, name: str) -> Origin | None:
        """Who answers for a name whose record leads to a target (an address, or another name)."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """What a backend is given of its sandbox: folder, inventory, the loop in which it runs, and whom it may ask."""

    folder: Path
    """The sandbox's own."""
    cloud: Inventory
    run: Run
    ask: Ask


class Backend(Protocol):
    """One vendor's. To be inherited from: what a vendor does not have stays as it is here."""

    def sync(self) -> None:
        """Makes what the scene names exist, as it is named now; called at the start and at each change of the scene."""
        return

    def begin(self) -> None:
        """Called once, when every backend is in sync: opens what leads to another's."""
        return

    def happened(self, what: str, record: Record, before: Record | None) -> None:
        """Does what a change of a record means (created, updated, deleted), before it is kept. An exception's text is
        the vendor's refusal.
        """
        return

    def route(self, address: str, host: str, port: int) -> Target | None:
        """See `Ask.route`."""
        return None

    def connected(self, port: int) -> None:
        """Somebody connects to such a port of something that answers."""
        return

    def inside(self, host: str, port: int) -> Target | None:
        """See `Ask.inside`."""
        return None

    def behind(self, record: Record, port: int) -> Callable[[], Target] | None:
        """See `Ask.behind`."""
        return None

    def origin(self, target: str, name: str) -> Origin | None:
        """See `Ask.origin`."""
        return None

    def status(self) -> Mapping[str, Any]:
        """For `smos sandbox status`. Lists under the same name are put together."""
        return {}

    def commands(self) -> Mapping[str, Command]:
        """Of its own, for the control port."""
        return {}

    def apis(self) -> Mapping[str, Answer]:
        """Of its own, by the beginning of their paths at the control port."""
        return {}

    def close(self) -> None:
        """Ends what it started. Data stays."""
        return
