"""Which tenants a run reaches, and in which order. Pure: the same files give the same plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from tenants.model import Tenant
from tenants.tiers import Tier

__all__ = ["Budget", "Plan", "Selection", "Wave", "left_of", "planned"]

ALONE_FROM = 5
"""Without canaries, so many tenants or more are too many to begin with all at once."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What an operator asked for: all, or those for which everything that is said is true."""

    wave: int | None = None
    tier: Tier | None = None

    def has(self, tenant: Tenant) -> bool:
        """Whether a tenant is meant."""
        return self.wave in (None, tenant.wave) and self.tier in (None, tenant.tier)


@dataclass(frozen=True)
class Wave:
    """Tenants that are done side by side, before it is looked whether they are well."""

    number: int
    slugs: tuple[str, ...]
    canaries: bool = False
    """Whether one that fails stops the run."""


@dataclass(frozen=True)
class Plan:
    """What a run will do, in order."""

    waves: tuple[Wave, ...] = ()

    @property
    def slugs(self) -> tuple[str, ...]:
        """The slugs of all tenants of the plan, in the order of their waves."""
        return tuple(slug for wave in self.waves for slug in wave.slugs)


@dataclass(frozen=True)
class Budget:
    """How many tenants may fail before a run stops."""

    failures: int | None = None
    """A number of tenants; otherwise one in twenty, and never none."""

    def allows(self, failed: int, planned: int) -> bool:
        """Whether a run of that many tenants goes on."""
        most = max(1, planned // 20) if self.failures is None else self.failures
        return failed <= most


def planned(tenants: Iterable[Tenant], wanted: Selection) -> Plan:
    """Wave 0, the canaries, first; then wave by wave, each by slug. Where nobody is a canary, the first of many is."""
    found = sorted((one for one in tenants if wanted.has(one)), key=lambda one: (one.wave, one.slug))
    waves = [Wave(number, tuple(one.slug for one in some), number == 0) for number, some in groupby(found, _wave)]
    if waves and not waves[0].canaries and len(found) >= ALONE_FROM:
        first = waves[0]
        rest = [Wave(first.number, first.slugs[1:])] if first.slugs[1:] else []
        waves[:1] = [Wave(first.number, first.slugs[:1], canaries=True), *rest]
    return Plan(tuple(waves))


def left_of(plan: Plan, done: Mapping[str, str], wanted: Mapping[str, str]) -> Plan:
    """The plan without the tenants that an unfinished run has brought to just what is wanted now.

    Both say of what (a fingerprint) by slug: a tenant whose file, or anything else that decides, has changed is done.
    """
    waves = []
    for wave in plan.waves:
        slugs = tuple(slug for slug in wave.slugs if slug not in done or done[slug] != wanted[slug])
        if slugs:
            waves.append(Wave(wave.number, slugs, wave.canaries))
    return Plan(tuple(waves))


def _wave(tenant: Tenant) -> int:
    return tenant.wave


def in_words(waves: Sequence[Wave]) -> str:
    """As it is said before a run."""
    return ", ".join(f"{len(one.slugs)} in wave {one.number}{' (canaries)' if one.canaries else ''}" for one in waves)
