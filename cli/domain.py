"""`smos domain`: the domains of tenants' own."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from cli.outcome import BadInput
from cli.platform import AsJson, OnTarget
from cli.reporting import reporting
from cli.tenant_reporting import Environment
from deploy.target import Target
from tenants import lifecycle
from tenants.dns_answers import Resolver, looked_at
from tenants.domains import Finding, judged
from tenants.model import Tenant

__all__ = ["app", "check", "of_tenants"]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The domains of tenants' own: what the customer's DNS lacks.",
)


@app.callback()
def of_tenants() -> None:
    """The domains of tenants' own: what the customer's DNS lacks."""


@app.command()
def check(
    domain: Annotated[str, typer.Argument(help="A domain that a tenant's file lists, as in www.acme.cl.")],
    resolver: Annotated[
        list[str] | None, typer.Option("--resolver", help="Whom to ask, as in 1.1.1.1; else this machine's resolver.")
    ] = None,
    stack: Environment = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """What the customer's DNS lacks so that a domain leads to its tenant. Exit code 0 when nothing, else 1.

    Asks the real DNS, and changes nothing.
    """
    with reporting(as_json):
        wanted = domain.rstrip(".").lower()
        tenant = _tenant_of(wanted, stack, target)
        found = judged(looked_at(wanted, tenant.domain, Resolver(tuple(resolver or ()))))
    right = not any(one.blocks for one in found)
    if as_json:
        findings = [asdict(one) for one in found]
        facts = {"domain": wanted, "tenant": tenant.slug, "target": tenant.domain, "findings": findings}
        typer.echo(json.dumps({"ok": right, **facts}))
    else:
        typer.echo(f"{wanted}: {'leads' if right else 'does not lead yet'} to {tenant.domain} (tenant {tenant.slug})")
        for one in found:
            typer.echo(_shown(one))
    if not right:
        raise typer.Exit(1)


def _tenant_of(domain: str, stack: str, target: Target) -> Tenant:
    registry = lifecycle.registry_of(stack, target)
    for tenant in (entry.tenant for entry in registry.entries):
        if domain in tenant.domains:
            return tenant
        if domain == tenant.domain:
            raise BadInput(f"{domain} is in the platform's own zone: ./smos tenant status {tenant.slug} says how it is")
    left = f"; left out: {', '.join(sorted(registry.left_out))}" if registry.left_out else ""
    raise BadInput(f"no tenant's file lists {domain}{left}. Fix: domains: [{domain}] in tenants/registry/SLUG.yaml")


def _shown(one: Finding) -> str:
    lines = [f"  {'!' if one.blocks else '-'} {one.kind}: {one.says}"]
    lines += [f"      remove  {line}" for line in one.remove]
    lines += [f"      set     {line}" for line in one.records]
    return "\n".join(lines)
