"""`smos create`: what is new, from its first file to the thing that runs."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.platform import AsJson, Leave, OnTarget, TakeOver, claims_of, run_target
from cli.reporting import reporting, say
from cli.tenant_reporting import Environment, report
from deploy.target import Target
from tenants import lifecycle
from tenants.status import refuse_lost

__all__ = ["app", "create", "tenant"]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Make something new: a tenant.",
)


@app.callback()
def create() -> None:
    """Make something new: a tenant."""


@app.command()
def tenant(
    rut: Annotated[str, typer.Argument(help="Its tax number, as in 12345678-5.")],
    name: Annotated[str, typer.Argument(help='Its name, as in "Acme Corp".')],
    domain: Annotated[str, typer.Argument(help="Its name in the zone; the first label becomes its slug.")],
    take: TakeOver = None,
    leave: Leave = None,
    stack: Environment = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Write the tenant's file and bring it up. Run again, it completes or proves it."""
    with reporting(as_json):
        registry = lifecycle.registry_of(stack, target)
        values = {"rut": rut, "name": name, "domain": domain}
        wanted, _ = registry.check(values)
        place = run_target(target, stack, quiet=as_json)
        refuse_lost(place, registry, wanted.slug)
        lifecycle.ready_for(place, stack)
        added, written = registry.add(values)
        if written:
            say(f"wrote {registry.file_of(added)}")
            registry = lifecycle.registry_of(stack, target)
        say(f"bringing up tenant {added.slug} on {stack}")
        report(lifecycle.apply(place, stack, registry, added.slug, say, claims=claims_of(take, leave)), target, as_json)
