"""Brings an environment up, shows what would change, or takes it down: the plain CLI's commands with guards
around them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deploy import guards
from deploy.engine_run import Outcome, run, run_with_events
from deploy.locks import free_of_dead_locks
from deploy.target import HOSTS_PROJECT, PROJECT, ROOT, Target, Workplace
from settings import Settings

Say = Callable[[str], None]
POLICY = ROOT / "policy"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What an operator asked for."""

    stack: str
    yes: bool = False
    quiet: bool = False
    """The engine's output is kept back (and shown when it fails)."""
    more: Sequence[str] = ()
    """Further arguments for the plain CLI."""


def up(place: Workplace, wish: Wish, say: Say) -> Outcome:
    """Makes the environment what its settings say."""
    settings = guards.settings_of(place, wish.stack)
    guards.secrets_ready(place, settings)
    guards.hosts_ready(place, settings, wish.stack)
    free_of_dead_locks(place, PROJECT, wish.stack, say)
    with guards.tunnel_open(place, settings, say):
        return run_with_events(
            place, place.project, "up", *_arguments(wish), *_policy(), *_yes(wish), capture=wish.quiet
        )


def preview(place: Workplace, wish: Wish, say: Say) -> Outcome:
    """Shows what `up` would do; changes nothing."""
    settings = guards.settings_of(place, wish.stack)
    guards.secrets_ready(place, settings)
    guards.hosts_ready(place, settings, wish.stack)
    with guards.tunnel_open(place, settings, say):
        return run_with_events(place, place.project, "preview", *_arguments(wish), *_policy(), capture=wish.quiet)


def destroy(place: Workplace, wish: Wish, say: Say, *, unprotect: bool = False) -> Outcome:
    """Takes the environment down. What is protected stops it, unless `unprotect` (a simulated environment only)."""
    settings = guards.settings_of(place, wish.stack)
    free_of_dead_locks(place, PROJECT, wish.stack, say)
    if unprotect:
        if place.target is not Target.SANDBOX:
            raise guards.NotReady(
                "only a simulated environment is unprotected as a whole: name what may go, one by one"
            )
        run(place, place.project, "state", "unprotect", "--all", "--yes", "--stack", wish.stack, capture=True)
    with guards.tunnel_open(place, settings, say):
        return run_with_events(place, place.project, "destroy", *_arguments(wish), *_yes(wish), capture=wish.quiet)


def hosts_up(place: Workplace, wish: Wish, say: Say) -> Outcome:
    """Bootstraps the environment's hosts: the stack before the platform."""
    guards.secrets_ready(place, guards.settings_of(place, wish.stack))
    free_of_dead_locks(place, HOSTS_PROJECT, wish.stack, say)
    return run_with_events(place, place.hosts_project, "up", *_arguments(wish), *_yes(wish), capture=wish.quiet)


def settings_and_outputs(place: Workplace, stack: str) -> tuple[Settings, str]:
    """The settings, and the stack's outputs as JSON text."""
    settings = guards.settings_of(place, stack)
    return settings, run(place, place.project, "stack", "output", "--json", "--stack", stack, capture=True)


def _arguments(wish: Wish) -> list[str]:
    return ["--stack", wish.stack, *wish.more]


def _yes(wish: Wish) -> list[str]:
    return ["--yes"] if wish.yes else []


def _policy() -> list[str]:
    return ["--policy-pack", str(POLICY)] if (POLICY / "PulumiPolicy.yaml").exists() else []
