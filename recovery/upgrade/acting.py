"""What the steps of an upgrade do to an environment: the settings' file, the engine's runs, the questions, the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy import guards, platform
from deploy.state import current
from deploy.take_over import NO_CLAIMS, Claims
from deploy.target import RunTarget
from kept.say import Say
from recovery.upgrade.code_of import code_of, taken_along
from recovery.upgrade.data import Data
from recovery.upgrade.settings_file import read, with_images
from recovery.upgrade.smoke import Visit, works
from recovery.upgrade.steps import Acts, Plan
from settings import Settings
from settings.default_images import upgrade_rules
from settings.services.upgrades import UpgradeRules
from tenants.tenant_file import write

__all__ = ["SMOKE_S", "Environment", "acts_of", "file_of", "set_images"]

SMOKE_S = 180.0
"""How long a service that is healthy may take until it answers well by its public name."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Where an upgrade is done, and with what."""

    place: RunTarget
    stack: str
    data: Data
    visit: Visit
    say: Say
    quiet: bool = False
    """The engine's output is kept back, and shown when it fails."""
    smoke_s: float = SMOKE_S
    claims: Claims = NO_CLAIMS
    """What is said of what an earlier run made without learning of it."""
    more: Mapping[str, Callable[..., object]] = field(default_factory=dict)
    """What is done for tenants, by the names in `Acts`."""

    @property
    def settings(self) -> Settings:
        """As the file says now."""
        return guards.settings_of(self.place, self.stack)

    @property
    def wish(self) -> platform.Wish:
        """A run of the engine that asks nothing: the operator was asked before the first step."""
        return platform.Wish(stack=self.stack, yes=True, quiet=self.quiet, claims=self.claims)


def file_of(place: RunTarget, stack: str) -> Path:
    """The settings' file, as the engine of that target reads it."""
    return place.project / f"Pulumi.{stack}.yaml"


def set_images(
    file: Path, wanted: Mapping[str, str | None], before: str = "", after: Mapping[str, str | None] | None = None
) -> None:
    """Sets images in a settings' file. `before` is its text of once, which comes back to the letter when nothing but
    `after` was changed in it since.
    """
    text = read(file)
    changed = with_images(text, wanted)
    if before and after is not None and text == with_images(before, after):
        changed = before
    if changed != text:
        write(file, changed)


def acts_of(here: Environment, plan: Plan, image: str, before: str) -> Acts:
    """The steps' hands. `before`: the text of the settings' file as the upgrade found it."""
    file = file_of(here.place, here.stack)

    def stop() -> None:
        state = current(here.place, here.place.project, here.stack)
        urns = code_of(state, plan.service)
        taken_along(state, urns)
        platform.take_away(here.place, here.wish, urns, here.say)

    def smoke(tag: str) -> list[str]:
        settings = here.settings
        tests = _rules(settings, image).smoke
        service = dict(settings.services.running()).get(plan.service)
        if service is None or not getattr(service, "hostname", None) or service.hostname == "*" or not tests:  # type: ignore[attr-defined]  # those with a name have the field
            return []
        return works(settings.address(plan.service), tests, tag, here.visit, within_s=here.smoke_s)

    return Acts(
        stop=stop,
        back_up=lambda: here.data.back_up(service=plan.service),
        set_images=lambda wanted: set_images(file, wanted, before, plan.images_after),
        up=lambda: _up(here),
        smoke=smoke,
        bring_back=lambda backup: here.data.bring_back(backup, service=plan.service),
        **here.more,  # type: ignore[arg-type]  # by the names in Acts
    )


def _up(here: Environment) -> None:
    platform.up(here.place, here.wish, here.say)


def _rules(settings: Settings, image: str) -> UpgradeRules:
    return upgrade_rules(type(settings.services))[image]
