"""What a step of a tenant says of itself to people: rows of the tables of docs/tenants.md (`tenants.pages`)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NONE", "Documented", "Has", "Isolated", "Kept"]

NONE = "\N{EN DASH}"
"""In a cell that has nothing to say."""


@dataclass(frozen=True, kw_only=True)
class Has:
    """What a tenant has of it, somewhere."""

    where: str
    what: str
    called: str
    made_with: str


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What becomes of one kind of its data."""

    what: str
    isolated_by: str
    export: str
    restore: str
    erase: str


@dataclass(frozen=True, kw_only=True)
class Isolated:
    """How one tenant's is kept from another's, in what all share (a pool) or in what is its own (a silo), and how
    exactly it can be exported, restored and erased.
    """

    what: str
    pool: str
    silo: str = NONE
    isolated: str
    exported: str
    restored: str
    erased: str


@dataclass(frozen=True, kw_only=True)
class Documented:
    """The rows of a step. It says at least what a tenant has of it, where that is anything of its own."""

    has: tuple[Has, ...] = ()
    kept: tuple[Kept, ...] = ()
    isolated: tuple[Isolated, ...] = ()
