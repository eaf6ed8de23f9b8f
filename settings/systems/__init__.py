"""The systems that an environment can be, one file each: NAME.py here says what may run, components/systems/NAME.py
makes it. Nothing else knows a system by its name; a file that is there is a system.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module

from settings.system import System

__all__ = ["SYSTEMS", "Systems"]


class Systems(Mapping[str, System]):
    """Name → system. A file is read when its system is asked for."""

    @cached_property
    def _modules(self) -> dict[str, str]:
        return {one.name.replace("_", "-"): one.name for one in pkgutil.iter_modules(__path__)}

    def __getitem__(self, name: str) -> System:
        found = import_module(f"{__name__}.{self._modules[name]}").SYSTEM
        if not isinstance(found, System) or found.name != name:
            raise TypeError(f"settings/systems/{self._modules[name]}.py: SYSTEM is not the system {name}")
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


SYSTEMS = Systems()
"""Those that there are."""
