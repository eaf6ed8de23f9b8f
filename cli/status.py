"""`smos status STACK`: whether anybody could still claim a running service."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from cli.platform import AsJson, OnTarget, run_target
from cli.reporting import reporting, say
from deploy import guards, owners
from deploy.target import Target

__all__ = ["status"]


def status(
    stack: Annotated[str, typer.Argument(help="The environment, as in prod.")] = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Ask every service with a name whether a stranger could still make himself its owner; exit code 1 when one could,
    doesn't answer, or doesn't say.
    """
    with reporting(as_json):
        place = run_target(target, stack, quiet=as_json)
        seen = list(owners.asked(guards.settings_of(place, stack), _visit(target)))
    bad = [one for one in seen if not one.good]
    if as_json:
        services = [asdict(one) for one in seen]
        typer.echo(json.dumps({"ok": not bad, "stack": stack, "target": target.value, "services": services}))
    else:
        for one in seen:
            typer.echo(f"  {one.state:<9}  {one.service:<9} {one.url}{one.path}: {one.detail}")
        say("nobody can claim any of them" if not bad else _mend(bad, stack, target))
    if bad:
        raise typer.Exit(1)


def _visit(target: Target) -> owners.Visit:
    if target is Target.REAL:
        return owners.by_name
    from deploy.simulated import edge

    return owners.through(*edge())


def _mend(bad: list[owners.Seen], stack: str, target: Target) -> str:
    names = ", ".join(dict.fromkeys(one.service for one in bad))
    real = " --target real" if target is Target.REAL else ""
    if any(one.state == "CLAIMABLE" for one in bad):
        how = "./smos up makes the owner; take the name out of the DNS until then, and look at who is in it"
        return f"could be anybody's, or do not say: {names}. Fix: {how}: ./smos up {stack}{real}"
    return f"do not say whether anybody could claim them: {names}. Fix: ./smos up {stack}{real}, then ask again"
