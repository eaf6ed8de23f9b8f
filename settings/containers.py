"""What a service, or a database server, runs as: a container and its size, and who says that it needs so much.

Says nothing of where it runs; what is added up from it, settings.capacity says.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Container"]


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container of a service: what it may use at most, what its vendor says it needs, and where that is said."""

    name: str
    """What the resource graph calls it."""
    cpu: float
    memory_mb: int
    min_cpu: float
    min_memory_mb: int
    disk_mb: int = 0
    """What its volumes and its image's writable layer are expected to hold, in MB."""
    source: str
    """Who says `least_…` and why the rest: an address, or a reason."""
    passing: bool = False
    """It ends before the others start, so its memory is not added to theirs."""
