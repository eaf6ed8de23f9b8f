"""The steps of an upgrade, forward, and back when one of them fails: each idempotent, each noted as it ends.

The order is what keeps old code from newer data: the code is taken away before the data is captured, and again before
it is put back; an image changes only while none of it runs. What the steps do to the world is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kept.operator_error import OperatorError
from kept.say import Say
from recovery.journal import Journal

__all__ = ["Acts", "CameBack", "NotBack", "Outcome", "Plan", "onward", "run"]


class CameBack(OperatorError):
    """The upgrade failed, and image and data are as they were before it."""


class NotBack(OperatorError):
    """The upgrade failed, and the way back did not end: the same command goes on with it."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an upgrade was going to do when it began; kept, for its way back must not depend on what is there by
    then.
    """

    stack: str
    service: str
    before: str
    """The tag."""
    after: str
    images_before: Mapping[str, str | None]
    """Whose image → what smarteros:images said; None where it said nothing."""
    images_after: Mapping[str, str | None]
    keeps_data: bool
    restored_running: bool = False
    """Whether the data is captured from, and put back into, a service that runs."""
    notes: tuple[str, ...] = ()
    canary: str = ""
    """The tenant whose own instance goes first; nobody's, where there is none."""

    def as_json(self) -> dict[str, Any]:
        """For the journal."""
        return asdict(self)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Plan:
        """From the journal."""
        return cls(**{**kept, "notes": tuple(kept["notes"])})


@dataclass(frozen=True, kw_only=True)
class Acts:
    """What the steps do. Each may be done again after a crash, with the same end."""

    stop: Callable[[], None]
    """Takes the service's code away; its data stays."""
    back_up: Callable[[], str]
    """A backup of the service's data, with its marker; answers its id."""
    set_images: Callable[[Mapping[str, str | None]], None]
    up: Callable[[], None]
    """Makes the environment what its settings say, and waits for health. Raises OperatorError."""
    smoke: Callable[[str], list[str]]
    """Asks the service whether it works, at that tag. Raises OperatorError."""
    bring_back: Callable[[str], list[str]]
    """Puts the data of a backup in place; answers what of it is told."""
    canary_back_up: Callable[[], str] = field(default=lambda: "")
    """A backup of the canary's data; answers its id."""
    canary: Callable[[], None] = field(default=lambda: None)
    """Brings the canary's own instance to the new image, and asks it whether it works. Raises OperatorError."""
    canary_back: Callable[[str], list[str]] = field(default=lambda _: [])
    """Its image and its data as before; answers what of it is told."""
    waves: Callable[[], list[str]] = field(default=list)
    """Brings the other tenants' own instances to the new image; answers what of it is told. Raises OperatorError."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of it."""

    plan: Plan
    backup: str
    answered: tuple[str, ...]
    """What the smoke tests asked, and was answered well."""


def run(log: Journal, plan: Plan, acts: Acts, say: Say) -> Outcome:
    """Does what is not done yet. Raises CameBack when it failed and all is as before, NotBack when that failed too."""
    if not log.has("failed"):
        try:
            return _forward(log, plan, acts, say)
        except OperatorError as error:
            why = str(error)
            log.step("failed", lambda: why, f"failed: {error}")
    why = str(log.done["failed"])
    try:
        lines = _back(log, plan, acts)
    except OperatorError as error:
        raise NotBack(
            f"{plan.service} could not be brought back to {plan.before}: {error}\nThe upgrade had failed "
            f"because of: {why}\n"
            "Fix: mend that, and run the same command again: it goes on with the way back"
        ) from None
    told = "".join(f"\n{line}" for line in lines)
    raise CameBack(
        f"{plan.service} is {plan.before} again, with its data as before{told}\nThe upgrade to {plan.after} "
        f"failed: {why}\n"
        "Fix: what its log says; then the same command again"
    )


def _forward(log: Journal, plan: Plan, acts: Acts, say: Say) -> Outcome:
    service = plan.service
    if plan.canary:
        log.step("canary-backup", acts.canary_back_up, f"backing up {plan.canary}")
        log.step("canary-image", lambda: acts.set_images(plan.images_after))
        log.step("canary", acts.canary, f"{plan.canary} first: its own {service} to {plan.after}")
    backup = ""
    if plan.keeps_data:
        if not plan.restored_running:
            log.step("stop", acts.stop, f"stopping {service}: nobody writes while its data is captured")
        backup = str(log.step("backup", acts.back_up, f"backing up {service}"))
    log.step("image", lambda: acts.set_images(plan.images_after), f"{service}: {plan.before} → {plan.after}")
    log.step("new-code", lambda: True)  # from here on the data may be newer than the old code
    log.step("up", acts.up, f"starting {service} {plan.after}, and waiting for its health")
    answered = log.step("smoke", lambda: acts.smoke(plan.after), f"asking {service} whether it works")
    say(f"{service} is {plan.after}")
    return Outcome(plan=plan, backup=backup, answered=tuple(answered))


def onward(log: Journal, plan: Plan, acts: Acts) -> list[str]:
    """After the platform's own, the other tenants' in waves. Raises OperatorError when some failed: the platform's
    stays as it is then, and the same command goes on.
    """
    if not plan.canary:
        return []
    lines: list[str] = log.step("waves", acts.waves, f"the other tenants' own {plan.service}, in waves")
    return lines


def _back(log: Journal, plan: Plan, acts: Acts) -> list[str]:
    service, begun = plan.service, log.has("new-code")
    lines: list[str] = []
    log.step("back-image", lambda: acts.set_images(plan.images_before), f"{service}: back to {plan.before}")
    backup = str(log.done.get("backup", ""))
    data = f"putting the data of {backup} back"
    if plan.keeps_data and begun and not plan.restored_running:
        log.step("back-stop", acts.stop, f"stopping {service}: no older code meets newer data")
        lines += log.step("back-data", lambda: acts.bring_back(backup), data)
    log.step("back-up", acts.up, f"starting {service} {plan.before}")
    if plan.keeps_data and begun and plan.restored_running:
        lines += log.step("back-data", lambda: acts.bring_back(backup), data)
    log.step("back-smoke", lambda: acts.smoke(plan.before), f"asking {service} whether it works")
    if log.has("canary-image"):
        its = str(log.done["canary-backup"])
        told = f"{plan.canary}: its own {service} back to {plan.before}"
        lines += log.step("canary-back", lambda: acts.canary_back(its), told)
    return lines
