"""Who may do what harm to whom, and what stops it: one table, whose rows stand in one file a service.

A row is something that was done on the real servers of this machine (storage: on what is declared); its test does it
again.
Every cell of the table has a row, or says in `NOT_TRIED` why it has none. A new file here with a
tuple ROWS is part of the table by itself.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Literal

__all__ = ["ACTS", "CELLS", "NOT_TRIED", "Act", "Cell", "Row", "cell_of", "rows"]

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


Cell = tuple[str, str, Act]
"""Service, victim, act; the attacker is a tenant."""
SERVICES = ("PostgreSQL", "Redis", "Vault", "storage")
VICTIMS: dict[str, tuple[str, ...]] = {
    "another tenant": ("another tenant", "every tenant"),
    "platform": ("platform", "the platform", "guard", "operators"),
}
"""Whom the rows mean by their words."""
CELLS: tuple[Cell, ...] = tuple((service, victim, act) for service in SERVICES for victim in VICTIMS for act in ACTS)
NOT_TRIED: dict[Cell, str] = {
    ("Redis", "another tenant", "outlive"): "a tenant's Redis goes as a whole: nobody else's rights are in it",
    ("Vault", "another tenant", "outlive"): "nothing that a tenant may write there names another, or keeps one",
    ("storage", "another tenant", "stop"): "requests a second are the account's, and no server here counts them",
    ("storage", "platform", "stop"): "as above: a tenant's throughput on Azure is bounded by nothing",
    ("storage", "platform", "outlive"): "what is protected by immutability stays by design; kept and said by `delete`",
}
"""Why no row is there: what is left is said, here and in docs/threat-model.md."""


def cell_of(row: Row) -> set[Cell]:
    """The cells that a row fills."""
    whom = {one.strip() for one in row.victim.split(",")}
    if not row.attacker.endswith("tenant"):
        return set()
    return {(row.service, victim, row.act) for victim, words in VICTIMS.items() if whom & set(words)}


def rows() -> list[Row]:
    """Every service's."""
    found: list[Row] = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        found += importlib.import_module(f"{__name__}.{module.name}").ROWS
    return found
