"""What a system is declared as: which services it may run, its profiles, and who of them calls whom.

What each system declares is in settings.systems, one file each; what makes its resources, in components.systems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from settings.findings import Finding
from settings.services import PlatformServices

__all__ = ["Call", "System"]


@dataclass(frozen=True)
class Call:
    """One call between two services: who makes it, who answers, at which path."""

    name: str
    caller: str
    callee: str
    path: str
    """Below the address of the one called; a part in braces is filled in by the caller."""
    refuses_private: bool = False
    """The caller takes no address of a private network, not even of one that it is in itself."""

    @property
    def secret(self) -> str:
        """The name of its secret."""
        return f"wiring_{self.name}"


@dataclass(frozen=True, kw_only=True)
class System:
    """A system that an environment can be."""

    name: str
    """As smarteros:system says it; the part of every name at the vendors that is first."""
    services: type[PlatformServices]
    """Which services may run."""
    profiles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Profile → its services. Whatever they need of a PostgreSQL server, they name as their database."""
    calls: tuple[Call, ...] = ()
    """Who calls whom, where both run."""
    checks: tuple[Callable[[Any], Iterator[Finding]], ...] = ()
    """What must be so between its services. Each is given those that are readable, also while others are not."""
