"""The tour: the simulated clouds, hosts, `prod`, and what an operator gets. Run again, it changes nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from deploy import platform
from deploy.engine_run import Outcome, run
from deploy.platform import Wish
from deploy.simulated import simulated
from deploy.target import Workplace
from sandbox import client
from sandbox.home import Home

Say = Callable[[str], None]
STACK = "prod"
T = TypeVar("T")


@dataclass
class Tour:
    """What came of it."""

    outcome: Outcome
    tenants: int
    seconds: float
    timings: dict[str, float] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """The one JSON object."""
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
    place = _timed(timings, "simulated clouds and hosts", lambda: simulated(say))
    say(f"bringing up {STACK}")
    wish = Wish(stack=STACK, yes=True, quiet=True)
    outcome = _timed(timings, f"{STACK}: preview, policy, update", lambda: platform.up(place, wish, say))
    outputs = json.loads(run(place, place.project, "stack", "output", "--json", "--stack", STACK, capture=True))
    return Tour(outcome, _tenants(place), time.monotonic() - begun, timings, outputs)


def take_down(say: Say) -> None:
    """Destroys `prod`, then forgets the simulated clouds."""
    home = Home.of_clone()
    if home.running() is not None or home.state.exists():
        place = simulated(say)
        say(f"destroying {STACK}")
        platform.destroy(place, Wish(stack=STACK, yes=True, quiet=True), say, unprotect=True)
        client.reset(home)


def _tenants(place: Workplace) -> int:
    """How many tenants have a stack."""
    backend = place.environ.get("PULUMI_BACKEND_URL", "").removeprefix("file://")
    return len(list(Path(backend).glob(".pulumi/stacks/smarteros-tenants/*.json")))


def _timed(timings: dict[str, float], name: str, work: Callable[[], T]) -> T:
    begun = time.monotonic()
    result = work()
    timings[name] = time.monotonic() - begun
    return result
