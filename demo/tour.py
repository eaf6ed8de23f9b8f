"""The tour: simulated clouds, hosts, `prod`, its Vault, the tenants, and what an operator gets. Run again, it changes
nothing.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from demo.life import lived, tour_a_life
from deploy import guards, platform, vault
from deploy.engine_run import Outcome, run
from deploy.platform import Wish as PlatformWish
from deploy.simulated import simulated
from deploy.target import RunTarget, Target
from kept.operator_error import OperatorError
from kept.say import Say
from sandbox import client
from sandbox.home import Home
from tenants import lifecycle
from tenants.fleet.runner import Done
from tenants.fleet.running import Wish, fleet
from tenants.session import prepared
from tenants.status import live, status_of

__all__ = ["Tour", "bring_up", "take_down"]

STACK = "prod"
SHOWN = "beesmart"
"""The tenant whose life is shown, once."""
T = TypeVar("T")


@dataclass
class Tour:
    """What the tour made and how long it took, as its last lines and its JSON object say it."""

    outcome: Outcome
    tenants: int
    seconds: float
    timings: dict[str, float] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """The tour as the one JSON object that `--json` prints."""
        return {
            "ok": True,
            "changes": self.outcome.changed,
            "resources": self.outcome.resources,
            "tenants": self.tenants,
            "violations": len(self.outcome.violations),
            "seconds": round(self.seconds, 1),
        }


def bring_up(say: Say) -> Tour:
    """Everything from nothing, or the proof that nothing is left to do."""
    begun = time.monotonic()
    timings: dict[str, float] = {}
    place = _timed(timings, "simulated clouds and hosts", lambda: simulated(say, stack=STACK))
    say(f"bringing up {STACK}")
    wish = PlatformWish(stack=STACK, yes=True, quiet=True)
    outcome = _timed(timings, f"{STACK}: preview, policy, update", lambda: platform.up(place, wish, say))
    outcome = _and(outcome, _timed(timings, "Vault", lambda: _vault(place, say)))
    outcome = _and(outcome, _timed(timings, "tenants", lambda: _tenants(place, say)))
    if not lived(Home.of_clone()):
        outcome = _and(outcome, _timed(timings, f"a life: {SHOWN}", lambda: _life(place, say)))
    outputs = json.loads(run(place, place.project, "stack", "output", "--json", "--stack", STACK, capture=True))
    return Tour(outcome, len(live(place)), time.monotonic() - begun, timings, outputs)


def take_down(say: Say) -> None:
    """Destroys everything step by step, then forgets the simulated clouds: also when a step does not go any more."""
    home = Home.of_clone()
    if home.running() is None and not home.state.exists():
        return
    try:
        _destroy(say)
    except OperatorError as error:
        reason = str(error).splitlines()[0]
        say(
            f"not everything could be destroyed step by step ({reason}); the simulated clouds are forgotten as they are"
        )
    client.reset(home)


def _destroy(say: Say) -> None:
    place = simulated(say, stack=STACK)
    settings = guards.settings_of(place, STACK)
    slugs = live(place)
    if slugs and settings.services.vault:
        vault.open_sealed(place, settings, say)
    for slug in slugs:
        say(f"destroying tenant {slug}")
        with prepared(place, STACK, say) as session:
            lifecycle.take_down(session, slug, say)
    say(f"destroying {STACK}")
    platform.destroy(place, PlatformWish(stack=STACK, yes=True, quiet=True), say, unprotect=True)


def _vault(place: RunTarget, say: Say) -> Outcome:
    """The Vault of the environment, initialised, open and with its inside declared; nothing where there is none."""
    settings = guards.settings_of(place, STACK)
    return vault.ensure(place, settings, say) if settings.services.vault else Outcome()


def _tenants(place: RunTarget, say: Say) -> Outcome:
    """Every tenant of the registry, brought to what its file says."""
    registry = lifecycle.registry_of(STACK, Target.SANDBOX)
    say(f"bringing up {len(registry.entries)} tenants")
    done: list[Done] = []
    summary = fleet(place, Wish(stack=STACK), registry, say, lambda one, _number, _of: done.append(one))
    if not summary.good:
        lines = [f"{one.slug}: {one.why}" for one in summary.failed]
        raise guards.NotReady("\n".join(["not every tenant is what its file says", *lines]))
    resources = sum(status_of(place, entry).resources for entry in registry.entries)
    return Outcome(Counter(update=sum(one.changes for one in done)), resources)


def _life(place: RunTarget, say: Say) -> Outcome:
    say(f"the life of {SHOWN}: suspended, resumed, exported, deleted, imported")
    return Outcome(Counter(update=tour_a_life(place, STACK, SHOWN, say)))


def _and(one: Outcome, other: Outcome) -> Outcome:
    """The counts of two runs added up."""
    return Outcome(one.changes + other.changes, one.resources + other.resources, (*one.violations, *other.violations))


def _timed(timings: dict[str, float], name: str, work: Callable[[], T]) -> T:
    begun = time.monotonic()
    result = work()
    timings[name] = time.monotonic() - begun
    return result
