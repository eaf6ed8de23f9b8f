"""What is backed up, one kind a file (`recovery.sources.source`): the list of them, in the order of their taking.

Databases first, files after: an attachment that a row names is there then. A new kind is its file, its line here and
its test. They are imported when somebody asks for them: what a vendor's client is needed for is imported in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recovery.manifest import Part
    from recovery.sources.source import Context, Source

__all__ = ["MODULES", "source_of", "sources_of"]

MODULES: tuple[str, ...] = (
    "recovery.sources.databases",
    "recovery.sources.redis",
    "recovery.sources.vault",
    "recovery.sources.volumes",
    "recovery.sources.blobs",
    "recovery.sources.states",
    "recovery.sources.zone",
)


def sources_of(ctx: Context) -> Iterator[Source]:
    """Every source of an environment."""
    for module in MODULES:
        yield from import_module(module).sources(ctx)


def source_of(ctx: Context, part: Part) -> Source:
    """The source of a part of a backup, whether what it was made of is there or not. Raises LookupError."""
    for module in MODULES:
        found: Source | None = import_module(module).source_of(ctx, part)
        if found is not None:
            return found
    raise LookupError(f"nothing here knows how to put back {part.name} (a part of the kind {part.kind})")
