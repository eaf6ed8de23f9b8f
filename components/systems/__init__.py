"""What makes each system's resources, one file each: NAME.py here belongs to settings/systems/NAME.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

from components.platform import SystemArgs
from settings import systems

__all__ = ["SYSTEMS", "Components"]

Component = Callable[[str, SystemArgs[Any]], Any]
"""(name, what it is told) → the component, whose output `platform` others read."""


class Components(Mapping[str, Component]):
    """Name of a system → its component. A file is read when its system is asked for: each loads its services' SDKs."""

    def __getitem__(self, name: str) -> Component:
        if name not in systems.SYSTEMS:
            raise KeyError(name)
        found: Component = import_module(f"{__name__}.{name.replace('-', '_')}").SYSTEM
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(systems.SYSTEMS)

    def __len__(self) -> int:
        return len(systems.SYSTEMS)


SYSTEMS = Components()
"""Those that there are: each that the settings know."""
