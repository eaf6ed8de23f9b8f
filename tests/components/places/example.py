"""What the contract suite must know of a kind of place: the rest of it knows none by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.components.declared import Declared

__all__ = ["Contained", "Example"]


@dataclass(frozen=True)
class Contained:
    """A container, as its vendor is told of it."""

    name: str
    cpu: float
    memory_mb: int
    passing: bool
    one: Declared


def _nothing(_: Declared) -> Iterator[Contained]:
    return iter(())


def _no_fault(_: Contained) -> Iterator[str]:
    return iter(())


@dataclass(frozen=True, kw_only=True)
class Example:
    """A kind of place, in prod."""

    where: str
    on_page: str
    """What docs/services.md calls it."""
    placement: Mapping[str, Any]
    """What the settings of a service say that is there."""
    database: str = "vps"
    """The database server that what is there reaches."""
    beside: Mapping[str, Any] = field(default_factory=dict)
    """Lists of the settings → what they hold besides prod's."""
    pairs: bool = False
    """Whether certain pairs of CPU and memory only are taken there."""
    options: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    """Service → what can be chosen there and changes what is declared → what its settings say then."""
    containers: Callable[[Declared], Iterator[Contained]] = _nothing
    """The containers that a resource stands for, as its vendor is told of them."""
    faults: Callable[[Contained], Iterator[str]] = _no_fault
    """What a container must have there and lacks."""
    routed: Callable[[Declared], bool] = lambda _: False
    """Whether a resource is one that is reached from outside by its name."""
