"""A run on many tenants, from the operator's wish to its summary."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from deploy.engine_run import end_at_once
from deploy.target import RunTarget, Target
from kept.say import Say
from tenants.fleet import journal as journals
from tenants.fleet.files import Files
from tenants.fleet.health import Check
from tenants.fleet.journal import Journal
from tenants.fleet.lean import lean
from tenants.fleet.limits import REAL, Limit, Limiter
from tenants.fleet.lock import alone
from tenants.fleet.plan import Budget, Plan, Selection, in_words, left_of, planned
from tenants.fleet.runner import Done, Outcome, Result, Run, run
from tenants.fleet.stopping import Stopping, listening
from tenants.fleet.usage import Usage
from tenants.fleet.work import Work
from tenants.model import Tenant
from tenants.registry import Registry
from tenants.session import PlatformSession, prepared
from tenants.silos import refuse_no_room
from tenants.status import live, tell_lost, without_file

__all__ = ["Summary", "Wish", "fleet"]

Notify = Callable[[Done, int, int], None]
"""Of each tenant as it ends: what came of it, the how-manieth it is, of how many."""
WORKERS_ON_REAL_CLOUDS = 8
"""There, a tenant's time is spent in waiting for the vendors."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What an operator asked for."""

    stack: str
    selection: Selection = field(default_factory=Selection)
    ahead: bool = False
    """Only look what would change."""
    workers: int = 0
    """How many tenants at once; 0: as many as this machine has processors, or the clouds bear."""
    budget: Budget = field(default_factory=Budget)
    anew: bool = False
    """Also what an unfinished run has done already, and who is known to be unchanged."""
    checks: Sequence[Check] | None = None
    limits: dict[str, Limit] | None = None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What came of a run on many tenants, for the report and for `--json`."""

    result: Result
    planned: int
    """How many tenants were meant, those included that an unfinished run had done before."""
    before: int
    known: int
    """How many of them are known to be unchanged, and were not asked for."""
    seconds: float
    core_seconds: float
    peak_memory_mb: float
    journal: str
    left_out: tuple[str, ...] = ()
    """The files with a mistake: their tenants were not touched."""

    @property
    def failed(self) -> tuple[Done, ...]:
        """Who is not what its file says."""
        return tuple(one for one in self.result.done if not one.good)

    @property
    def good(self) -> bool:
        """Whether everybody is what its file says."""
        return not self.failed and not self.result.left and not self.left_out

    def facts(self) -> dict[str, Any]:
        """The summary as the JSON object with which `--json` ends."""
        return {
            "tenants": self.planned,
            "known": self.known,
            "changed": self.result.count(Outcome.CHANGED),
            "unchanged": self.result.count(Outcome.UNCHANGED) + self.before + self.known,
            "failed": len(self.failed),
            "left_out": list(self.left_out),
            "seconds": round(self.seconds, 2),
            "core_seconds": round(self.core_seconds, 2),
            "peak_memory_mb": round(self.peak_memory_mb),
        }


def fleet(place: RunTarget, wish: Wish, registry: Registry, say: Say, notify: Notify) -> Summary:
    """Does it. Raises RegistryError, NotReady and the like before the first tenant begins; never for one tenant."""
    begun, stopping = time.monotonic(), Stopping()
    files = Files.of(registry.folders)
    whole = planned([entry.tenant for entry in registry.entries], wish.selection)
    for problem in registry.problems:
        say(f"left out: {problem}")
    tell_lost(without_file(registry.slugs, live(place)), say)
    what = f"{'plan' if wish.ahead else 'apply'} of {len(whole.slugs)} tenants on {wish.stack}"
    waiting = nullcontext(True) if wish.ahead else alone(place, what, say, stopped=lambda: bool(stopping.why))
    with listening(stopping, say, end_at_once), Usage() as usage, waiting as is_alone:
        if not is_alone:
            ran = _Ran(Result((), whole.slugs, stopping.why, stopping.kind))
        else:
            with lean(replace(place, apart=True)) as spare, prepared(spare, wish.stack, say) as session:
                refuse_no_room(session.settings, (one.tenant for one in registry.entries))
                ran = _run(session, wish, registry, files, whole, stopping, say, notify)
    if changed := files.changed():
        say(f"edited meanwhile, and for the next run: {', '.join(changed[:5])}{' and more' if changed[5:] else ''}")
    return Summary(
        result=ran.result,
        planned=len(whole.slugs),
        before=ran.before,
        known=ran.known,
        seconds=time.monotonic() - begun,
        core_seconds=usage.core_seconds,
        peak_memory_mb=usage.peak_memory_mb,
        journal=ran.journal,
        left_out=tuple(sorted(registry.left_out)),
    )


class _Ran(NamedTuple):
    """What a run came to."""

    result: Result
    before: int = 0
    known: int = 0
    journal: str = ""


def _run(
    session: PlatformSession,
    wish: Wish,
    registry: Registry,
    files: Files,
    whole: Plan,
    stopping: Stopping,
    say: Say,
    notify: Notify,
) -> _Ran:
    entries = {entry.tenant.slug: entry for entry in registry.entries}
    fingerprints = {slug: session.fingerprint(entries[slug].tenant) for slug in whole.slugs}
    folder, name = session.place.scratch.parent / "fleet", _name(wish)
    resumed, plan = whole, whole
    if not wish.anew and not wish.ahead:
        resumed = _resumed(journals.latest(folder, name), whole, fingerprints, say)
        plan = _unknown(session, resumed, {slug: entries[slug].tenant for slug in resumed.slugs})
    known = len(resumed.slugs) - len(plan.slugs)
    if known:
        say(f"{known} of {len(whole.slugs)} tenants are known to be unchanged (--anew asks for real)")
    if plan.slugs:
        say(f"{len(plan.slugs)} tenants: {in_words(plan.waves)}")
    work = Work(session=session, entries=entries, files=files, say=say, ahead=wish.ahead, checks=wish.checks)
    real = session.place.target is Target.REAL
    limits = wish.limits if wish.limits is not None else REAL if real else {}
    workers = wish.workers or (WORKERS_ON_REAL_CLOUDS if real else os.cpu_count() or 2)
    with Journal(folder, name) as journal:
        journal.add("run", pid=os.getpid(), stack=wish.stack, tenants=list(plan.slugs), workers=workers, known=known)
        for slug in whole.slugs:
            if slug not in resumed.slugs:  # so that the next run finds them, however this one ends
                facts = {"outcome": Outcome.UNCHANGED, "changes": 0, "seconds": 0.0}
                journal.add("ended", tenant=slug, fingerprint=fingerprints[slug], resumed=True, **facts)
        wanted = Run(
            plan=plan,
            act=work.act,
            journal=journal,
            workers=max(1, min(workers, len(plan.slugs))),
            budget=wish.budget,
            health=work.health,
            costs=work.costs,
            limiter=Limiter(limits),
            fingerprints=fingerprints,
            group=session.project_of,  # two engines in one project's folder meet each other's half-written side files
            notify=notify,
        )
        return _Ran(run(wanted, stopping), len(whole.slugs) - len(resumed.slugs), known, str(journal.file))


def _unknown(session: PlatformSession, plan: Plan, tenants: Mapping[str, Tenant]) -> Plan:
    """The plan without those who are known to be unchanged; of many that are left, one goes alone again."""
    known = session.known_unchanged(tenants.values())
    return planned([one for slug, one in tenants.items() if slug not in known], Selection()) if known else plan


def _name(wish: Wish) -> str:
    """Of the journals of just this command: what another one left is not its own."""
    wave, tier = wish.selection.wave, wish.selection.tier
    parts = ("plan" if wish.ahead else "apply", "" if wave is None else f"wave{wave}", tier or "")
    return "-".join((wish.stack, *(part for part in parts if part)))


def _resumed(before: journals.JournalRecord | None, whole: Plan, fingerprints: dict[str, str], say: Say) -> Plan:
    """What is left of the plan after a run that did not reach its end."""
    if before is None or before.finished:
        return whole
    plan = left_of(whole, before.done, fingerprints)
    done = len(whole.slugs) - len(plan.slugs)
    if done:
        begun = str(before.begun.get("at", ""))[:19].replace("T", " ")
        say(f"going on where the run of {begun} UTC ended: {done} of {len(whole.slugs)} tenants are done")
    return plan
