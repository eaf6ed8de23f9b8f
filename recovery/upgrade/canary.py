"""Tenants' own instances of a service: one first, before anything of the platform's; the others after it, in waves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from kept.operator_error import OperatorError
from recovery.upgrade.acting import Environment
from recovery.upgrade.smoke import works
from settings.services.upgrades import SmokeTest
from tenants import desired, lifecycle
from tenants.fleet.runner import Done
from tenants.fleet.running import Wish, fleet
from tenants.model import Tenant

__all__ = ["Wave", "WaveFailed", "acts_for_tenants"]


class WaveFailed(OperatorError):
    """Some tenants' own instances are not at the new version."""


@dataclass(frozen=True, kw_only=True)
class Wave:
    """Whose own instances of which service go where."""

    here: Environment
    service: str
    tenants: Sequence[Tenant]
    """In the order of the waves: the first is the canary."""
    smoke: tuple[SmokeTest, ...]
    after: str
    before: str


def acts_for_tenants(wave: Wave) -> dict[str, Callable[..., Any]]:
    """For `Environment.more`; nothing where no tenant has an instance of his own."""
    if not wave.tenants:
        return {}
    first = wave.tenants[0]
    return {
        "canary_back_up": partial(wave.here.data.back_up, tenant=first.slug),
        "canary": partial(_brought, wave, first, wave.after),
        "canary_back": partial(_back, wave, first),
        "waves": partial(_others, wave),
    }


def _brought(wave: Wave, tenant: Tenant, tag: str) -> None:
    here = wave.here
    registry = lifecycle.registry_of(here.stack, here.place.target)
    lifecycle.apply(here.place, here.stack, registry, tenant.slug, here.say)
    _asked(wave, tenant, tag)


def _asked(wave: Wave, tenant: Tenant, tag: str) -> None:
    address = wave.here.settings.named_address(tenant.domain)
    works(address, wave.smoke, tag, wave.here.visit, within_s=wave.here.smoke_s)


def _back(wave: Wave, tenant: Tenant, backup: str) -> list[str]:
    """Suspended, none of its code runs while its data comes back; resumed, it runs the image that the file says by
    now.
    """
    here = wave.here

    def state(wanted: Any) -> None:
        reread = partial(lifecycle.registry_of, here.stack, here.place.target)
        desired.set_state(here.place, here.stack, reread, tenant.slug, wanted, here.say)

    state("suspended")
    lines = here.data.bring_back(backup, tenant=tenant.slug)
    state("active")
    _asked(wave, tenant, wave.before)
    return lines


def _others(wave: Wave) -> list[str]:
    here, others = wave.here, wave.tenants[1:]
    if not others:
        return []
    lines = [f"{one.slug} was backed up: {here.data.back_up(tenant=one.slug)}" for one in others]
    registry = lifecycle.registry_of(here.stack, here.place.target)
    summary = fleet(here.place, Wish(stack=here.stack), registry, here.say, partial(_told, here))
    if not summary.good:
        names = ", ".join(one.slug for one in summary.failed) or "some were not reached"
        backups = "\n".join(lines)
        mend = "./smos tenant apply SLUG says why; ./smos restore ID --tenant SLUG brings one's data back"
        raise WaveFailed(
            f"{wave.service} {wave.after} runs on the platform, and not with every tenant: {names}.\n{backups}\n"
            f"Fix: {mend}; then the same command again"
        )
    for one in others:
        _asked(wave, one, wave.after)
    return lines


def _told(here: Environment, one: Done, number: int, of: int) -> None:
    here.say(f"[{number}/{of}] {one.slug}: {one.outcome.value}")
