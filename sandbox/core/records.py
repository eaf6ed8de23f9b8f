"""What exists in the simulated clouds, as rules and computed outputs see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from sandbox.core.values import Props

__all__ = ["Cloud", "Computing", "Record"]


@dataclass(frozen=True)
class Record:
    """Something that exists in a simulated cloud."""

    id: str
    token: str
    inputs: Props
    outputs: Props
    urn: str = ""
    scope: str = ""
    """Where the id is unique: `ResourceType.scope` of the provider's configuration that made it."""
    secrets: frozenset[tuple[str | int, ...]] = frozenset()
    """The paths in inputs and outputs that are secret."""
    known: dict[tuple[str, ...], Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What rules have reckoned of the inputs, which never change: among a thousand records, again and again."""


class Cloud(Protocol):
    """What exists, as the rules of phase "cloud" may ask for it."""

    def get(self, identity: str) -> Record | None:
        """The record of that id (compared without case, as ARM does), or None."""

    def find(self, token: str) -> list[Record]:
        """Every record of a type."""

    def put(self, record: Record) -> None:
        """Keeps the record, in place of the one with its token, scope and id: for what an action changes elsewhere."""


@dataclass(frozen=True, kw_only=True)
class Computing:
    """What a computed output may be made from."""

    id: str
    name: str
    inputs: Props
    config: Props
    cloud: Cloud
    old: Props = field(default_factory=dict)
    """The outputs before an update; empty at creation."""
    instance: str = ""
    """Which instance of the provider acts: each has connections of its own."""
