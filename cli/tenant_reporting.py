"""What the commands on tenants have in common: their arguments, what came of a run."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.outcome import BadInput, Ran
from deploy.target import Target
from tenants.lifecycle import Applied, registry_of
from tenants.model import is_slug
from tenants.registry import Registry

__all__ = ["Environment", "Slug", "known", "refuse_no_slug", "report"]

Slug = Annotated[str, typer.Argument(help="The tenant's slug: the first label of its domain, and its file's name.")]
Environment = Annotated[str, typer.Option("--stack", help="The platform on which it lives.")]


def report(applied: Applied, target: Target, as_json: bool) -> None:
    """What came of a run on a tenant."""
    Ran(
        kind="tenant", name=applied.tenant.slug, target=target, outcome=applied.outcome, seconds=applied.seconds
    ).report(as_json)


def known(stack: str, slug: str, target: Target) -> Registry:
    """The registry, in which there is a file of that slug, or a stack without one. Of what has neither, nothing is
    started: RegistryError says so.
    """
    registry = registry_of(stack, target)
    if slug not in registry.slugs and not _may_be_live(slug, target):
        registry.find(slug)
    return registry


def _may_be_live(slug: str, target: Target) -> bool:
    """Whether a tenant without a file may have a stack. The state of real ones is asked, which starts nothing."""
    if target is not Target.SANDBOX:
        return True
    from sandbox.home import Home

    return next(Home.of_clone().state.glob(f".pulumi/stacks/smarteros-tenants*/{slug}.json*"), None) is not None


def refuse_no_slug(slug: str) -> None:
    """What becomes a folder's and a stack's name is looked at first: it leads to nothing else."""
    if not is_slug(slug):
        raise BadInput(
            f"{slug!r} is no tenant's slug: 3 to 32 lower-case letters, digits and hyphens. "
            "Fix: one of those that ./smos tenant list shows"
        )
