"""`smos redis`: whether a Redis answers, and the end of what holds it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cli.outcome import Failed
from cli.platform import AsJson, OnTarget, run_target
from cli.reporting import reporting, say
from cli.tenant_reporting import Environment
from deploy.target import Target

__all__ = ["redis"]


def redis(
    tenant: Annotated[str, typer.Option("--tenant", help="The tenant's own Redis instead of the platform's.")] = "",
    end: Annotated[bool, typer.Option("--end", help="End the script that holds it, or where it must be, it.")] = False,
    stack: Environment = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Whether Redis answers. A script that never ends holds it: --end ends that. Exit code 1 when it is held."""
    from deploy.redis_rescue import NotFreed, freed, held_by
    from tenants.lifecycle import registry_of
    from tenants.redis_login import login_of

    whose = f"tenant {tenant}'s Redis" if tenant else f"the Redis of {stack}"
    with reporting():
        if tenant:
            registry_of(stack, target).find(tenant)  # before anything is started for it
        place = run_target(target, stack, quiet=as_json)
        with login_of(place, stack, tenant, say) as login:
            try:
                held, done = held_by(login), ""
                if held and end:
                    done = freed(login)
            except NotFreed as error:
                raise Failed(f"{whose}: {error}") from None
    ok = not held or bool(done)
    if as_json:
        typer.echo(json.dumps({"ok": ok, "held": held, "done": done}))
    else:
        typer.echo(f"{whose}: {done or held or 'it answers'}")
        if not ok:
            typer.echo(f"fix: ./smos redis{f' --tenant {tenant}' if tenant else ''} --stack {stack} --end", err=True)
    if not ok:
        raise typer.Exit(1)
