"""`smos status STACK`: how an environment is, asked side by side, and shown again and again with --watch."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cli.outcome import BadInput
from cli.platform import AsJson, OnTarget, run_target
from cli.reporting import reporting, say
from deploy import guards, owners
from deploy.target import Target

if TYPE_CHECKING:
    from recovery.status.probe import Certificate, Finding, Look, Probe

__all__ = ["asked_of", "look_at", "status"]

_WORDS = {"good": "ok", "warning": "look", "bad": "BAD", "unknown": "?"}


def status(
    stack: Annotated[str, typer.Argument(help="The environment, as in prod.")] = "prod",
    only: Annotated[list[str] | None, typer.Option("--only", metavar="PROBE", help="One question; repeatable.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Again and again, until Ctrl-C.")] = False,
    every: Annotated[int, typer.Option("--every", min=5, max=3600, help="Seconds between two looks.")] = 30,
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Health and latency, whose each service is, certificates, Vault, backups, credentials, room, capacity, what waits.
    Exit code 1 when something is bad: a service that a stranger could claim, or that doesn't say, among others.
    """
    while True:
        with reporting(as_json):
            found = asked_of(stack, target, only, quiet=as_json or watch)
        if watch and not as_json:
            typer.echo("\x1b[2J\x1b[H", nl=False)
        _show(stack, target, found, as_json)
        if not watch:
            break
        time.sleep(every)
    if any(one.level == "bad" for one in found):
        raise typer.Exit(1)


def asked_of(stack: str, target: Target, only: Sequence[str] | None, *, quiet: bool) -> list[Finding]:
    """What the probes find. Raises BadInput for a probe that there is not."""
    from recovery.status.asked import asked, probes

    wanted = _chosen(probes(), only)
    return asked(look_at(stack, target, quiet=quiet), wanted)


def look_at(stack: str, target: Target, *, quiet: bool) -> Look:
    """What probes work with, on that target."""
    from recovery.status.probe import Look

    place = run_target(target, stack, quiet=quiet)
    visit, certificate = _visit(target)
    return Look(
        place=place,
        settings=guards.settings_of(place, stack),
        visit=visit,
        certificate=certificate,
        now=datetime.datetime.now(datetime.UTC),
    )


def _chosen(known: Sequence[Probe], only: Sequence[str] | None) -> list[Probe]:
    names = [one.name for one in known]
    missing = [one for one in only or () if one not in names]
    if missing:
        raise BadInput(f"--only {missing[0]}: there is no such question. Fix: one of {', '.join(names)}")
    return [one for one in known if not only or one.name in only]


def _visit(target: Target) -> tuple[owners.Visit, Certificate]:
    from recovery.status import certificates

    if target is Target.REAL:
        return owners.by_name, certificates.by_name
    from deploy.simulated import edge

    port, trust = edge()
    return owners.through(port, trust), certificates.through(port, trust)


def _show(stack: str, target: Target, found: Sequence[Finding], as_json: bool) -> None:
    bad = [one for one in found if one.level == "bad"]
    if as_json:
        typer.echo(json.dumps(_facts(stack, target, found)))
        return
    probe = ""
    for one in found:
        if one.probe != probe:
            probe = one.probe
            typer.echo(probe)
        typer.echo(f"  {_WORDS[one.level]:<4}  {one.subject:<24} {one.says}")
        if one.mend and one.level != "good":
            typer.echo(f"        Fix: {one.mend}")
    claims = [one for one in bad if one.probe == "claims"]
    if not claims and any(one.probe == "claims" for one in found):
        say("nobody can claim any of them")
    say(f"{len(found) - len(bad)} of {len(found)} are not bad" if bad else "nothing is bad")


def _facts(stack: str, target: Target, found: Sequence[Finding]) -> dict[str, object]:
    return {
        "ok": all(one.level != "bad" for one in found),
        "stack": stack,
        "target": target.value,
        "services": [one.facts for one in found if one.probe == "claims" and one.facts],
        "findings": [
            {
                "probe": one.probe,
                "subject": one.subject,
                "level": one.level,
                "says": one.says,
                "fix": one.mend,
                **one.facts,
            }
            for one in found
            if one.probe != "claims" or not one.facts
        ],
    }
