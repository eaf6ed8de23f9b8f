"""`smos up|preview|destroy STACK`: the plain CLI's commands with the project's guards around them."""

from __future__ import annotations

import shlex
import sys
import time
from typing import Annotated

import typer

from cli.outcome import BadInput, Ran
from cli.reporting import reporting, say
from deploy import platform
from deploy.engine_run import Outcome
from deploy.take_over import Claims
from deploy.target import ROOT, RunTarget, Target, real
from settings import refuse_no_stack

__all__ = [
    "AsJson",
    "Leave",
    "OnTarget",
    "Stack",
    "TakeOver",
    "Yes",
    "claims_of",
    "destroy",
    "preview",
    "run_target",
    "up",
]

Stack = Annotated[str, typer.Argument(help="The environment, as in prod.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
AsJson = Annotated[bool, typer.Option("--json", help="Only one JSON object, last.")]
AllowLoss = Annotated[
    list[str] | None,
    typer.Option("--allow-loss", metavar="NAME", help="Something that holds data and may be deleted; repeatable."),
]
TakeOver = Annotated[
    list[str] | None,
    typer.Option(
        "--take-over", metavar="NAME", help="Something that an earlier run made, and lost the answer; repeatable."
    ),
]
Leave = Annotated[
    list[str] | None,
    typer.Option("--leave", metavar="NAME", help="Something that is not ours after all: left alone; repeatable."),
]
WithoutProof = Annotated[
    str,
    typer.Option("--without-proof", metavar="REASON", help="However old the last proof of a restore is; it is noted."),
]
OnTarget = Annotated[Target, typer.Option("--target", help="The simulated clouds of this machine, or the real ones.")]


def up(
    stack: Stack,
    yes: Yes = False,
    allow_loss: AllowLoss = None,
    take: TakeOver = None,
    leave: Leave = None,
    without_proof: WithoutProof = "",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Make an environment what its settings say."""
    begun = time.monotonic()
    with reporting(as_json):
        place = run_target(target, stack, quiet=as_json)
        _refuse_open_upgrade(place, stack)
        wish = _wish(stack, yes, allow_loss, as_json, target, claims_of(take, leave), without_proof)
        _report(stack, target, platform.up(place, wish, say), begun, as_json)


def preview(stack: Stack, as_json: AsJson = False, target: OnTarget = Target.SANDBOX) -> None:
    """Show what `up` would change; changes nothing."""
    begun = time.monotonic()
    with reporting(as_json):
        place = run_target(target, stack, quiet=as_json)
        _report(
            stack,
            target,
            platform.preview(place, platform.Wish(stack=stack, quiet=as_json), say),
            begun,
            as_json,
        )


def destroy(
    stack: Stack,
    yes: Yes = False,
    allow_loss: AllowLoss = None,
    take: TakeOver = None,
    leave: Leave = None,
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Take an environment down. All of it that holds data must be named, and no tenant may live on it."""
    from tenants.inhabited import refuse_inhabited

    begun = time.monotonic()
    with reporting(as_json):
        place = run_target(target, stack, quiet=as_json)
        refuse_inhabited(place, stack)
        wish = _wish(stack, yes, allow_loss, as_json, target, claims_of(take, leave))
        _report(stack, target, platform.destroy(place, wish, say), begun, as_json)


def _refuse_open_upgrade(place: RunTarget, stack: str) -> None:
    """Between old and new, what starts code is the upgrade's own business."""
    from recovery.upgrade.unended import refuse_open

    refuse_open(place, stack)


def claims_of(take: list[str] | None, leave: list[str] | None) -> Claims:
    """What the operator says of things whose creation's answer was lost; at a terminal, he is asked for the rest."""
    ask = (lambda text: typer.confirm(f"smos: {text}")) if sys.stdin.isatty() else None
    return Claims(take=take or (), leave=leave or (), ask=ask, command=_this_command())


def _this_command() -> str:
    """As it was typed: what a refusal tells to run again, with one option more."""
    return f"./smos {shlex.join(sys.argv[1:])}"


def _wish(
    stack: str,
    yes: bool,
    allow_loss: list[str] | None,
    as_json: bool,
    target: Target,
    claims: Claims,
    without_proof: str = "",
) -> platform.Wish:
    if as_json and not yes:
        raise BadInput("--json asks nothing, so it takes --yes: what would be done is shown by ./smos preview")
    asked = sys.stdin.isatty()
    return platform.Wish(
        stack=stack,
        yes=yes,
        quiet=as_json,
        allow_loss=allow_loss or (),
        claims=claims,
        without_proof=without_proof,
        ask=(lambda text: typer.confirm(f"smos [target: {target}]: {text}")) if asked else None,
    )


def run_target(target: Target, stack: str = "", quiet: bool = False) -> RunTarget:
    """Where the run goes; the banner says it. Of the sandbox, only that environment is made ready."""
    if target is Target.REAL:
        say("target: REAL clouds")
        return real(stack)
    from deploy.simulated import simulated

    if stack:
        refuse_no_stack(stack, ROOT)  # before anything is started for it
    if not quiet:
        say("target: sandbox (simulated clouds of this machine)")
    return simulated(say, stack=stack)


def _report(stack: str, target: Target, outcome: Outcome, begun: float, as_json: bool) -> None:
    seconds = time.monotonic() - begun
    Ran(kind="stack", name=stack, target=target, outcome=outcome, seconds=seconds).report(as_json)
