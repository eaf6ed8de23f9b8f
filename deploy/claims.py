"""What the operator says of things that an earlier run made without learning of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["NO_CLAIMS", "Claims"]


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What the operator says of things whose creation's answer was lost, by name."""

    take: Sequence[str] = ()
    leave: Sequence[str] = ()
    """They are somebody else's: forgotten here, and not touched."""
    command: str = ""
    """What is run again to say so; else the one that brings such a stack up."""
    ask: Callable[[str], bool] | None = None


NO_CLAIMS = Claims()
