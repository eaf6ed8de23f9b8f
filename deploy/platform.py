"""Brings an environment up, shows what would change, or takes it down: the plain CLI's commands with guards
around them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy import guards, losses, lost, policies
from deploy.dropped_databases import dropped_databases, forget, refuse_unnamed
from deploy.engine_run import EngineFailed, Outcome, run, run_with_events
from deploy.locks import free_of_dead_locks
from deploy.open_intents import journal_of, noting
from deploy.preflight import before_writing
from deploy.prepared import run_again
from deploy.repair import exported, repair
from deploy.state import current
from deploy.take_over import NO_CLAIMS, Claims, take_over
from deploy.target import HOSTS_PROJECT, PROJECT, RunTarget, Target
from kept.say import Say
from settings import Settings

__all__ = ["Wish", "destroy", "hosts_up", "preview", "settings_and_outputs", "take_away", "unless_locked", "up"]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What an operator asked for."""

    stack: str
    yes: bool = False
    quiet: bool = False
    """The engine's output is kept back (and shown when it fails)."""
    more: Sequence[str] = ()
    """Further arguments for the plain CLI."""
    allow_loss: Sequence[str] = ()
    """What holds data and may go, by name."""
    claims: Claims = NO_CLAIMS
    """What the operator says of what an earlier run made without learning of it."""
    without_proof: str = ""
    """Why it goes on however old the last proof of a restore is: an operator's word, or what it is a part of, as a
    rollback. It is noted.
    """
    ask: Callable[[str], bool] | None = None
    """Puts the question to the operator, when not everything is `yes`."""


def up(place: RunTarget, wish: Wish, say: Say) -> Outcome:
    """Makes the environment what its settings say."""
    settings = guards.settings_of(place, wish.stack)
    guards.secrets_ready(place, settings)
    guards.hosts_ready(place, settings, wish.stack)
    state = before_writing(place, wish.stack, say)
    with guards.tunnel_open(place, settings, say):
        now = _mended(place, settings, wish, state, say)
        _without_dropped(place, settings, wish, now, say)
        checked = [*_policies(place, settings, wish), *run_again(now)]
        losses.careful(
            place,
            place.project,
            wish.stack,
            [*wish.more, *checked],
            allowed=None if settings.disposable else wish.allow_loss,
            ask=_ask(wish),
            quiet=wish.quiet,
            say=say,
            protect=settings.protect,
        )
        # What goes is known and named; what is not named is protected.
        done = ["--skip-preview", "--yes"]
        noted = noting(journal_of(place, PROJECT, wish.stack))
        with unless_locked(place, PROJECT, wish.stack, say), noted:
            return run_with_events(place, place.project, "up", *_arguments(wish), *checked, *done, capture=wish.quiet)


def preview(place: RunTarget, wish: Wish, say: Say) -> Outcome:
    """Shows what `up` would do; changes nothing."""
    settings = guards.settings_of(place, wish.stack)
    guards.secrets_ready(place, settings)
    guards.hosts_ready(place, settings, wish.stack)
    with guards.tunnel_open(place, settings, say):
        checked = _policies(place, settings, wish)
        for one in dropped_databases(place, settings, current(place, place.project, wish.stack)):
            say(f"warning: {wish.stack}: {one}")
        return run_with_events(place, place.project, "preview", *_arguments(wish), *checked, capture=wish.quiet)


def destroy(place: RunTarget, wish: Wish, say: Say, *, unprotect: bool = False) -> Outcome:
    """Takes the environment down. All that holds data must be named, unless `unprotect` (a simulated one only)."""
    settings = guards.settings_of(place, wish.stack)
    state = before_writing(place, wish.stack, say)
    if unprotect:
        if place.target is not Target.SANDBOX:
            raise guards.NotReady(
                "only a simulated environment is unprotected as a whole: name what may go, one by one"
            )
        run(place, place.project, "state", "unprotect", "--all", "--yes", "--stack", wish.stack, capture=True)
    with guards.tunnel_open(place, settings, say):
        now = _mended(place, settings, wish, state, say)
        gone = dropped_databases(place, settings, now)
        for one in gone:
            say(f"{wish.stack}: {one}; the rest of it ends")
        if not unprotect:
            going = lost.destroyed(losses.held_in_state(place, place.project, wish.stack))
            losses.refuse(wish.stack, going, None if settings.disposable else wish.allow_loss)
            losses.confirm(wish.stack, going, _ask(wish))
            losses.free(place, place.project, wish.stack, going)
        forget(place, wish.stack, now, gone, say)
        done = ["--skip-preview", "--yes"]
        noted = noting(journal_of(place, PROJECT, wish.stack))
        with unless_locked(place, PROJECT, wish.stack, say), noted:
            return run_with_events(place, place.project, "destroy", *_arguments(wish), *done, capture=wish.quiet)


def take_away(place: RunTarget, wish: Wish, urns: Sequence[str], say: Say) -> Outcome:
    """Takes those resources away, and what depends on them; `up` makes them again. Whoever calls it has made sure that
    none of it holds data (recovery/upgrade/code_of.py); what is protected, the engine refuses.
    """
    settings = guards.settings_of(place, wish.stack)
    guards.secrets_ready(place, settings)
    state = before_writing(place, wish.stack, say)
    with guards.tunnel_open(place, settings, say):
        now = _mended(place, settings, wish, state, say)
        there = {str(one["urn"]) for one in now.get("resources") or []}
        targets = [word for urn in urns if urn in there for word in ("--target", urn)]
        if not targets:
            return Outcome()
        done = [*targets, "--target-dependents", "--skip-preview", "--yes"]
        noted = noting(journal_of(place, PROJECT, wish.stack))
        with unless_locked(place, PROJECT, wish.stack, say), noted:
            return run_with_events(place, place.project, "destroy", *_arguments(wish), *done, capture=wish.quiet)


def hosts_up(place: RunTarget, wish: Wish, say: Say) -> Outcome:
    """Bootstraps the environment's hosts: the stack before the platform."""
    settings = guards.settings_of(place, wish.stack)
    if not settings.remote_hosts:
        say(f"{wish.stack} has no host that is reached by SSH: there is nothing to prepare")
        return Outcome()
    guards.secrets_ready(place, settings)
    state = before_writing(place, wish.stack, say, HOSTS_PROJECT)
    mended = repair(place, settings, wish.stack, state, say, HOSTS_PROJECT, wish.claims)
    folder = place.hosts_project
    now = exported(place, folder, wish.stack)["deployment"] if mended else state
    take_over(place, settings, wish.stack, now, say, wish.claims, project=HOSTS_PROJECT, folder=folder)
    with noting(journal_of(place, HOSTS_PROJECT, wish.stack)):
        checked = _policies(place, settings, wish)
        return run_with_events(place, folder, "up", *_arguments(wish), *_yes(wish), *checked, capture=wish.quiet)


def _mended(place: RunTarget, settings: Settings, wish: Wish, state: Mapping[str, Any], say: Say) -> Mapping[str, Any]:
    """What an earlier run left between the state and the vendors: killed, or without an answer. Answers the state as it
    is then.
    """
    mended = repair(place, settings, wish.stack, state, say, claims=wish.claims)
    now = exported(place, place.project, wish.stack)["deployment"] if mended else state
    taken = take_over(place, settings, wish.stack, now, say, wish.claims)
    return current(place, place.project, wish.stack) if taken else now


def _without_dropped(place: RunTarget, settings: Settings, wish: Wish, state: Mapping[str, Any], say: Say) -> None:
    """Databases that somebody dropped are forgotten when the operator has named them: the run makes empty ones."""
    gone = dropped_databases(place, settings, state)
    refuse_unnamed(wish.stack, gone, None if settings.disposable else wish.allow_loss)
    for one in gone:
        say(f"{wish.stack}: {one}")
    forget(place, wish.stack, state, gone, say)


def settings_and_outputs(place: RunTarget, stack: str) -> tuple[Settings, str]:
    """The settings, and the stack's outputs as JSON text."""
    settings = guards.settings_of(place, stack)
    return settings, run(place, place.project, "stack", "output", "--json", "--stack", stack, capture=True)


@contextlib.contextmanager
def unless_locked(place: RunTarget, project: str, stack: str, say: Say) -> Iterator[None]:
    """Raises Locked, with who holds the lock, where the engine failed for another run that began in between (the engine
    itself would name `pulumi cancel`, which takes the lock from the living, too).
    """
    try:
        yield
    except EngineFailed:
        free_of_dead_locks(place, project, stack, say)
        raise


def _arguments(wish: Wish) -> list[str]:
    return ["--stack", wish.stack, *wish.more]


def _yes(wish: Wish) -> list[str]:
    return ["--yes"] if wish.yes else []


def _ask(wish: Wish) -> Callable[[str], bool]:
    if wish.yes:
        return lambda _: True
    if wish.ask is None:
        raise guards.NotReady(f"{wish.stack}: nobody is there to ask. Fix: add --yes")
    return wish.ask


def _policies(place: RunTarget, settings: Settings, wish: Wish) -> list[str]:
    return policies.of_environment(place, settings, wish.without_proof)
