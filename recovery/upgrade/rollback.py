"""Back to a git tag: settings and images as they were then, and the data that the older code can read.

The code of this clone stays: git brings that back. What was written since a backup that comes back is lost, and is told
before; what no backup holds can't be undone, and stops it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from deploy.state import current
from kept.operator_error import OperatorError
from recovery.journal import Journal, journal
from recovery.upgrade import history
from recovery.upgrade.acting import Environment, acts_of, file_of
from recovery.upgrade.at_tag import AtTag
from recovery.upgrade.code_of import code_of, taken_along
from recovery.upgrade.run import NotAsked
from recovery.upgrade.settings_file import read, with_images
from recovery.upgrade.steps import Plan
from recovery.upgrade.unended import folder_of, name_of
from settings import Settings
from settings.default_images import upgrade_rules
from settings.images import Image
from settings.services.upgrades import UpgradeRules, version_of
from tenants.tenant_file import write

__all__ = ["Change", "NoWayBack", "RolledBack", "changes_to", "roll_back", "settings_then"]


class NoWayBack(OperatorError):
    """Data that the older code can't read, and nothing that was said to bring it back. Nothing was touched."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class Change:
    """One image that goes to what it was."""

    service: str
    image: str
    now: Image
    then: Image
    older: bool
    keeps_data: bool
    backup: str = ""
    """Of the data as the version of then left it; empty: none is known."""

    @property
    def needs_data(self) -> bool:
        """Whether older code would meet newer data."""
        return self.older and self.keeps_data


@dataclass(frozen=True, kw_only=True)
class RolledBack:
    """What came of it."""

    images: tuple[str, ...]
    """What changed, in words."""
    told: tuple[str, ...]


def changes_to(settings: Settings, at: AtTag, upgrades: list[history.Upgrade]) -> list[Change]:
    """What of the images that run is otherwise than at the tag. Raises NoWayBack for a major that no image makes."""
    found = []
    rules = upgrade_rules(type(settings.services))
    for service, one in settings.services.running():
        image = one.main_image()
        if image not in rules or image not in at.images:
            continue
        now, then = settings.image(image), at.images[image]
        before, after = version_of(rules[image], then.tag), version_of(rules[image], now.tag)
        if (now.name, now.tag) == (then.name, then.tag) or before is None or after is None:
            continue
        _refuse_majors(service, rules[image], before[0], after[0])
        last = history.fitting(upgrades, service, then.tag)
        found.append(
            Change(
                service=service,
                image=image,
                now=now,
                then=then,
                older=before < after,
                keeps_data=rules[image].keeps_data,
                backup=last.backup if last else "",
            )
        )
    return found


def roll_back(
    here: Environment, at: AtTag, tracked: Path, *, with_data: bool, ask: Callable[[str], bool] | None
) -> RolledBack:
    """Does it, or goes on with it. Raises NoWayBack and NotAsked before anything is touched."""
    asked = {"tag": at.tag, "commit": at.commit}
    with journal(folder_of(here.place), name_of(here.stack), asked, here.say) as log:
        if not log.has("plan"):
            changes = changes_to(here.settings, at, history.read(history.file_of(here.place, here.stack)))
            _confirmed(here, at, changes, with_data, ask)
            text = settings_then(
                read(file_of(here.place, here.stack)), tracked.read_text(encoding="utf-8"), at.settings
            )
            text = with_images(text, {one.image: one.then.reference for one in changes})
            log.step("plan", lambda: _kept(changes, text))
        told = _carried_out(here, at, log)
        images = tuple(log.done["plan"]["images"])
        log.end()
        return RolledBack(images=images, told=tuple(told))


def _carried_out(here: Environment, at: AtTag, log: Journal) -> list[str]:
    """The steps; what is told of the data."""
    plan = log.done["plan"]
    hands = {service: acts_of(here, _plan_of(here, service), "", "") for service in plan["services"]}
    for service, acts in hands.items():
        log.step(f"stop-{service}", acts.stop, f"stopping {service}")
        log.step(f"kept-{service}", acts.back_up, f"backing up {service} as it is now")
    file = file_of(here.place, here.stack)
    log.step("settings", lambda: write(file, plan["text"]), f"settings and images as at {at.tag}")
    told: list[str] = []
    for service, acts in hands.items():
        backup = str(plan["backups"][service])
        told += log.step(f"data-{service}", partial(acts.bring_back, backup), f"{service}: the data of {backup}")
        told.append(f"{service}: what was written since is in backup {log.done[f'kept-{service}']}")
    log.step("up", acts_of(here, _plan_of(here, ""), "", "").up, "bringing it up")
    return told


def settings_then(now: str, tracked: str, then: str) -> str:
    """The settings' text of now, with every key as at the tag whose tracked value has changed since; what a run's own
    copy has otherwise (the simulated clouds' addresses, the state's salt) stays.
    """
    from ruamel.yaml import YAML

    rt = YAML(typ="rt")
    rt.preserve_quotes, rt.width = True, 4096
    rt.indent(mapping=2, sequence=4, offset=2)
    text, old = rt.load(now), rt.load(then)
    had, has = yaml.safe_load(then).get("config") or {}, yaml.safe_load(tracked).get("config") or {}
    for key in {*had, *has}:
        if had.get(key) == has.get(key):
            continue
        if key in had:
            text["config"][key] = old["config"][key]
        else:
            text["config"].pop(key, None)
    out = io.StringIO()
    rt.dump(text, out)
    return out.getvalue()


def _kept(changes: list[Change], text: str) -> dict[str, Any]:
    """For the journal: what was going to be done does not depend on what is there by then."""
    return {
        "text": text,
        "images": [f"{one.service}: {one.now.tag} → {one.then.tag}" for one in changes],
        "services": [one.service for one in changes if one.needs_data],
        "backups": {one.service: one.backup for one in changes},
    }


def _confirmed(
    here: Environment, at: AtTag, changes: list[Change], with_data: bool, ask: Callable[[str], bool] | None
) -> None:
    lost = [one for one in changes if one.needs_data]
    for one in changes:
        here.say(f"{one.service}: {one.now.tag} → {one.then.tag}")
    for one in lost:
        offer = f"backup {one.backup}: all that was written since is lost" if one.backup else "no backup of it is known"
        here.say(
            f"{one.service}: its data was brought forward by {one.now.tag}, and {one.then.tag} can't read it; {offer}"
        )
    if any(not one.backup for one in lost) or (lost and not with_data):
        names = ", ".join(one.service for one in lost)
        mend = (
            "--with-data puts those backups back"
            if all(one.backup for one in lost)
            else "./smos backups; ./smos restore"
        )
        raise NoWayBack(f"{at.tag}: older code never meets newer data: {names}. Fix: {mend}")
    state = current(here.place, here.place.project, here.stack)
    for one in lost:
        taken_along(state, code_of(state, one.service))
    if ask is None or not ask(f"{here.stack} back to {at.tag}?"):
        raise NotAsked("not confirmed, and nothing was touched. Fix: answer y, or --yes")


def _refuse_majors(service: str, rules: UpgradeRules, before: int, after: int) -> None:
    if rules.majors is not None and rules.majors.at_most == 0 and before != after:
        raise NoWayBack(
            f"{service}: another major: {rules.majors.why} ({rules.majors.source}). Fix: {rules.majors.way}"
        )


def _plan_of(here: Environment, service: str) -> Plan:
    return Plan(
        stack=here.stack, service=service, before="", after="", images_before={}, images_after={}, keeps_data=True
    )
