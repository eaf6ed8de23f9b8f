"""`smos doctor [STACK]`: what a run still lacks, and where to get it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from cli.platform import AsJson, OnTarget
from cli.reporting import reporting
from deploy.doctor import Finding, examine
from deploy.target import Target, real

__all__ = ["doctor"]


def doctor(
    stack: Annotated[str, typer.Argument(help="The environment, as in prod.")] = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """What a run still lacks, and where to get it. Asks no vendor but whether Redis answers, shows no secret; exit code
    1 when it lacks some.
    """
    with reporting():
        found = examine(stack, target)
        found += _redis(stack, target) if all(one.ok for one in found) else []
    lacking = [one for one in found if not one.ok]
    if as_json:
        checks = [asdict(one) for one in found]
        typer.echo(json.dumps({"ok": not lacking, "stack": stack, "target": target.value, "checks": checks}))
    else:
        typer.echo(f"target: {'REAL clouds' if target is Target.REAL else 'sandbox'}, environment: {stack}")
        for one in found:
            typer.echo(f"  {'ok     ' if one.ok else 'MISSING'}  {one.what}: {one.detail}")
            if not one.ok:
                typer.echo(f"           fix: {one.mend}")
        typer.echo(f"{len(lacking)} of {len(found)} are missing" if lacking else "nothing is missing on this machine")
    if lacking:
        raise typer.Exit(1)


def _redis(stack: str, target: Target) -> list[Finding]:
    """Whether it is held by a script; asked only where nothing else is missing, and starts nothing for it."""
    from tenants.redis_held import redis_finding

    if target is Target.REAL:
        found = redis_finding(real(stack), stack)
        return [found] if found else []
    from deploy.simulated import run_target
    from sandbox.home import Home

    home = Home.of_clone()
    running = home.running()
    found = redis_finding(run_target(home, running), stack) if running is not None else None
    return [found] if found else []
