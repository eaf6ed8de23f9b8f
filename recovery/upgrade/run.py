"""An upgrade from the operator's wish to its report: planned, asked for, done, resumed, or brought back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from deploy.guards import settings_of
from deploy.state import current
from deploy.target import RunTarget
from kept import keep
from kept.operator_error import OperatorError
from recovery.journal import Journal, journal
from recovery.upgrade import history
from recovery.upgrade.acting import Environment, acts_of, file_of
from recovery.upgrade.canary import Wave, acts_for_tenants
from recovery.upgrade.code_of import code_of, taken_along
from recovery.upgrade.settings_file import images_in, read
from recovery.upgrade.steps import CameBack, Outcome, Plan, onward, run
from recovery.upgrade.unended import folder_of, name_of
from recovery.upgrade.wanted import Resolve, Wanted, image_of_service, wanted
from settings.default_images import upgrade_rules
from tenants.lifecycle import registry_of
from tenants.silos import with_own

__all__ = ["NotAsked", "Wish", "upgrade"]


class NotAsked(OperatorError):
    """Nobody is there to ask, or the answer was no. Nothing was touched."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What an operator asked for."""

    service: str
    version: str
    accepted: Collection[str] = ()
    """Hurdles that he has seen to."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """Of images that must be of the same version."""
    ask: Callable[[str], bool] | None = None
    """None: nobody is there; always yes with --yes."""


def upgrade(here: Environment, wish: Wish, resolve: Resolve | None) -> Outcome:
    """Does it, or goes on with it. Raises Refused before anything is touched, CameBack when all is as before again,
    NotBack when the same command must go on, Busy for a second operator.
    """
    asked = {"service": wish.service, "version": wish.version}
    with journal(folder_of(here.place), name_of(here.stack), asked, here.say) as log:
        if not log.has("plan"):
            _begin(log, here, wish, resolve)
        plan = Plan.of(log.done["plan"])
        before = read(_before(here.place, here.stack))
        _service, image = image_of_service(here.settings, wish.service)
        wave = _wave(here, plan, image)
        acts = acts_of(replace(here, more=acts_for_tenants(wave)), plan, image, before)
        try:
            outcome = run(log, plan, acts, here.say)
        except CameBack:
            _end(log, here)
            raise
        outcome = replace(outcome, answered=(*outcome.answered, *onward(log, plan, acts)))
        _noted(here, outcome)
        _end(log, here)
        return outcome


def _begin(log: Journal, here: Environment, wish: Wish, resolve: Resolve | None) -> None:
    settings = settings_of(here.place, here.stack)
    what = wanted(settings, wish.service, wish.version, accepted=wish.accepted, digests=wish.digests, resolve=resolve)
    text = read(file_of(here.place, here.stack))
    plan = _planned(here, what, images_in(text))
    state = current(here.place, here.place.project, here.stack)
    urns = code_of(state, plan.service)
    along = taken_along(state, urns)
    for line in _told(plan, urns, along):
        here.say(line)
    if wish.ask is None or not wish.ask(f"{plan.service} of {here.stack}: {plan.before} → {plan.after}?"):
        raise NotAsked("not confirmed, and nothing was touched. Fix: answer y, or --yes")
    keep(_before(here.place, here.stack), text)
    log.step("plan", plan.as_json)


def _planned(here: Environment, what: Wanted, said: Mapping[str, str]) -> Plan:
    before, after = what.versions
    registry = registry_of(here.stack, here.place.target)
    own = with_own(what.service, [entry.tenant for entry in registry.entries])
    return Plan(
        stack=here.stack,
        service=what.service,
        before=before,
        after=after,
        images_before={key: said.get(key) for key in what.then},
        images_after={key: image.reference for key, image in what.then.items()},
        keeps_data=what.rules.keeps_data,
        restored_running=what.rules.restored_running,
        notes=what.notes,
        canary=own[0].slug if own else "",
    )


def _told(plan: Plan, urns: Collection[str], along: Collection[str]) -> list[str]:
    """The plan in words."""
    names = [urn.rpartition("::")[2] for urn in (*urns, *along)]
    lines = [f"{plan.service} of {plan.stack}: {plan.before} → {plan.after}", *plan.notes]
    if plan.canary:
        lines.append(
            f"first the own {plan.service} of tenant {plan.canary}, then the platform's, then the others' in waves"
        )
    if plan.keeps_data and not plan.restored_running:
        lines.append(f"away while its data is captured, and made anew: {', '.join(names) or 'nothing runs of it'}")
    if plan.keeps_data:
        lines.append("when it fails, its image and its data come back by themselves, as of the moment it was stopped")
    return lines


def _wave(here: Environment, plan: Plan, image: str) -> Wave:
    tenants = []
    if plan.canary:
        registry = registry_of(here.stack, here.place.target)
        own = with_own(plan.service, [entry.tenant for entry in registry.entries])
        first = [entry.tenant for entry in registry.entries if entry.tenant.slug == plan.canary]
        tenants = [*first, *(one for one in own if one.slug != plan.canary)]
    rules = upgrade_rules(type(here.settings.services))[image]
    return Wave(
        here=here, service=plan.service, tenants=tenants, smoke=rules.smoke, after=plan.after, before=plan.before
    )


def _before(place: RunTarget, stack: str) -> Path:
    """The text of the settings' file as the upgrade found it."""
    return folder_of(place) / f"{name_of(stack)}.before.yaml"


def _noted(here: Environment, outcome: Outcome) -> None:
    file, plan = history.file_of(here.place, here.stack), outcome.plan
    history.added(file, service=plan.service, before=plan.before, after=plan.after, backup=outcome.backup)


def _end(log: Journal, here: Environment) -> None:
    log.end()
    _before(here.place, here.stack).unlink(missing_ok=True)
