"""Does something with many tenants: wave by wave, several at once, until the plan, the budget or the operator ends it.

What is done with one tenant, and when one is well, is handed in. One that fails touches no other: it is counted.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tenants.fleet.journal import Journal
from tenants.fleet.limits import Limiter
from tenants.fleet.plan import Budget, Plan, Wave
from tenants.fleet.stopping import Stopping, Why

__all__ = ["Act", "Done", "Health", "Outcome", "Result", "Run", "run"]

ATTEMPTS = 4
"""So often a tenant is begun that a vendor refuses, or another run holds."""


class Outcome(StrEnum):
    """What came of one tenant."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    UNWELL = "unwell"
    """Its run ended well, and it is not well."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of one tenant's turn."""

    slug: str
    outcome: Outcome
    changes: int = 0
    seconds: float = 0.0
    why: str = ""
    again_in_s: float | None = None
    """It is worth another attempt after so long: a vendor had enough of requests, or another run holds the stack."""
    refused: bool = False
    """A vendor had enough of requests: others wait, too."""
    ends_all: bool = False
    """Nobody may begin any more: what the run stands on has changed."""
    edited: bool = False
    """… namely what the operator wrote."""

    @property
    def good(self) -> bool:
        """Whether it is what its file says."""
        return self.outcome in (Outcome.CHANGED, Outcome.UNCHANGED)


Act = Callable[[str], Done]
Health = Callable[[Sequence[Done]], Mapping[str, str]]
"""After each wave: of those that ended well, who is not well, and why."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What the runner is given: the plan, what is done for one tenant, and whom to tell of each end."""

    plan: Plan
    act: Act
    journal: Journal
    workers: int
    budget: Budget = field(default_factory=Budget)
    health: Health = lambda _: {}
    group: Callable[[str], str] = lambda slug: slug
    """Of tenants of one group, one is done at a time."""
    costs: Callable[[str], Mapping[str, float]] = lambda _: {}
    """How many requests a tenant's run will ask of which vendor."""
    limiter: Limiter = field(default_factory=lambda: Limiter({}))
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    notify: Callable[[Done, int, int], None] = lambda *_: None
    """Of each tenant as it ends: what came of it, the how-manieth it is, of how many."""


@dataclass(frozen=True)
class Result:
    """What came of all tenants: who was done, who failed, who was not begun."""

    done: tuple[Done, ...]
    left: tuple[str, ...]
    """Whom it did not reach."""
    stopped: str = ""
    """Why it ended before its end."""
    kind: Why = Why.FAILURES
    """What kind of a reason that is."""

    def count(self, *outcomes: Outcome) -> int:
        """How many tenants came out so."""
        return sum(one.outcome in outcomes for one in self.done)


def run(wanted: Run, stopping: Stopping) -> Result:
    """Does it. Never raises for what one tenant does; whoever began when it is stopped, ends."""
    done: dict[str, Done] = {}
    stopped = ""
    with ThreadPoolExecutor(max_workers=wanted.workers, thread_name_prefix="tenant") as threads:
        for wave in wanted.plan.waves:
            for one in _Waving(wanted, stopping, threads, done).through(wave.slugs):
                done[one.slug] = one
            _look_after(wanted, wave, done)
            stopped = stopping.why or _over(wanted, wave, done)
            if stopped:
                break
    left = tuple(slug for slug in wanted.plan.slugs if slug not in done)
    wanted.journal.add("stopped" if stopped else "finished", **({"why": stopped, "left": len(left)} if stopped else {}))
    return Result(tuple(done.values()), left, stopped, stopping.kind)


def _look_after(wanted: Run, wave: Wave, done: dict[str, Done]) -> None:
    """Who of a wave is not well after all, counts as failed."""
    good = [done[slug] for slug in wave.slugs if slug in done and done[slug].good]
    unwell = wanted.health(good) if good else {}
    for slug, why in unwell.items():
        before = done[slug]
        done[slug] = Done(slug=slug, outcome=Outcome.UNWELL, seconds=before.seconds, why=why)
        wanted.journal.add("unwell", tenant=slug, why=why)
        wanted.notify(done[slug], len(done), len(wanted.plan.slugs))
    wanted.journal.add("wave", number=wave.number, reached=sum(slug in done for slug in wave.slugs), unwell=len(unwell))


def _over(wanted: Run, wave: Wave, done: Mapping[str, Done]) -> str:
    """Why no other wave may begin; nothing when one may."""
    failed = [one.slug for one in done.values() if not one.good]
    bad_canaries = [slug for slug in wave.slugs if wave.canaries and slug in failed]
    if bad_canaries:
        return f"the canaries are not well: {', '.join(bad_canaries)}"
    if not wanted.budget.allows(len(failed), len(wanted.plan.slugs)):
        return f"{len(failed)} of {len(wanted.plan.slugs)} tenants failed, which is more than may"
    return ""


class _Waving:
    """One wave: tenants begin as workers become free, and nobody begins once it is stopped."""

    def __init__(
        self, wanted: Run, stopping: Stopping, threads: ThreadPoolExecutor, before: Mapping[str, Done]
    ) -> None:
        self._wanted, self._stopping, self._threads = wanted, stopping, threads
        self._planned = len(wanted.plan.slugs)
        self._ended = len(before)
        self._failed = sum(not one.good for one in before.values())
        self._waiting: deque[_Turn] = deque()
        self._running: dict[Future[Done | None], _Turn] = {}

    def through(self, slugs: Iterable[str]) -> Iterator[Done]:
        """Each tenant's end, as it comes."""
        self._waiting.extend(_Turn(slug) for slug in slugs)
        while self._waiting or self._running:
            self._begin_some()
            if not self._running:
                if not self._goes_on():
                    return
                time.sleep(0.05)  # all that wait, wait for their next attempt
                continue
            ended, _ = wait(self._running, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in ended:
                turn, one = self._running.pop(future), future.result()
                if one is not None and not self._again(turn, one):
                    yield self._counted(one)

    def _begin_some(self) -> None:
        busy = {self._wanted.group(turn.slug) for turn in self._running.values()}
        for turn in list(self._waiting):
            if len(self._running) >= self._wanted.workers or not self._goes_on():
                return
            group = self._wanted.group(turn.slug)
            if turn.not_before <= time.monotonic() and group not in busy:
                busy.add(group)
                self._waiting.remove(turn)
                self._running[self._threads.submit(self._one, turn.slug)] = turn

    def _goes_on(self) -> bool:
        return not self._stopping.why and self._wanted.budget.allows(self._failed, self._planned)

    def _again(self, turn: _Turn, one: Done) -> bool:
        """Whether it gets another attempt."""
        if one.again_in_s is None or turn.attempt >= ATTEMPTS or not self._goes_on():
            return False
        self._wanted.journal.add("again", tenant=one.slug, in_s=one.again_in_s, why=one.why)
        self._waiting.append(_Turn(turn.slug, turn.attempt + 1, time.monotonic() + one.again_in_s))
        return True

    def _counted(self, one: Done) -> Done:
        self._ended += 1
        self._failed += not one.good
        if one.ends_all:
            self._stopping.stop(one.why, Why.EDITED if one.edited else Why.FAILURES)
        self._wanted.journal.add(
            "ended",
            tenant=one.slug,
            outcome=one.outcome,
            changes=one.changes,
            seconds=one.seconds,
            fingerprint=self._wanted.fingerprints.get(one.slug, ""),
            **({"why": one.why} if one.why else {}),
        )
        self._wanted.notify(one, self._ended, self._planned)
        return one

    def _one(self, slug: str) -> Done | None:
        """In a worker's thread; None when it is stopped before the tenant began."""
        wanted = self._wanted
        if not wanted.limiter.begin(wanted.costs(slug), lambda: bool(self._stopping.why)):
            return None
        wanted.journal.add("begun", tenant=slug)
        begun = time.monotonic()
        try:
            one = wanted.act(slug)
        except Exception as error:  # whatever it is, it is this tenant's alone
            one = Done(slug=slug, outcome=Outcome.FAILED, why=f"{type(error).__name__}: {error}")
        if one.refused and one.again_in_s is not None:
            wanted.limiter.refused(one.again_in_s)
        return replace(one, seconds=round(time.monotonic() - begun, 2))


@dataclass(frozen=True)
class _Turn:
    slug: str
    attempt: int = 1
    not_before: float = 0.0
