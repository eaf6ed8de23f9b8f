"""The resource types of a vendor: each module in its folder `types/` that has TYPES. So a type is one file."""

from __future__ import annotations

import importlib
import pkgutil

from sandbox.core.kinds import ResourceType

__all__ = ["types_in"]


def types_in(vendor: str) -> tuple[ResourceType, ...]:
    """All types below `sandbox/<vendor>/types/`, by token."""
    folder = importlib.import_module(f"sandbox.{vendor}.types")
    names = [one.name for one in pkgutil.walk_packages(folder.__path__, f"{folder.__name__}.")]
    found = [kind for name in names for kind in getattr(importlib.import_module(name), "TYPES", ())]
    return tuple(sorted(found, key=lambda kind: kind.token))
