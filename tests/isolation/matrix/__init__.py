"""Who may do what harm to whom, and what stops it: one table, whose rows stand in one file a service.

A row is something that was done on the real servers of this machine; its test does it again. A new file here with a
tuple ROWS is part of the table by itself.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Literal

__all__ = ["ACTS", "Act", "Row", "rows"]

Act = Literal["read", "change", "stop", "outlive"]
"""See another's data; make it or its rights others; keep it from working; stay, or keep somebody, at an end."""
ACTS: tuple[Act, ...] = ("read", "change", "stop", "outlive")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One harm."""

    attacker: str
    victim: str
    service: str
    act: Act
    attempt: str
    """What is done, in a few words."""
    stopped_by: str
    test: str
    """File below tests/, `::`, function."""


def rows() -> list[Row]:
    """Every service's."""
    found: list[Row] = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        found += importlib.import_module(f"{__name__}.{module.name}").ROWS
    return found
