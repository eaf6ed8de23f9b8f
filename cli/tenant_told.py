"""What the commands on tenants have in common: their arguments, how mistakes are told, what came of a run."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Annotated

import typer

from cli.outcome import BadInput, Failed
from cli.told import say, told
from deploy.target import Target
from tenants.archive.manifest import ArchiveBroken
from tenants.lifecycle import Applied, registry_of
from tenants.model import is_slug
from tenants.registry import Registry, RegistryError

__all__ = ["Environment", "Slug", "known", "refuse_no_slug", "report", "tenants_told"]

Slug = Annotated[str, typer.Argument(help="The tenant's slug: the first label of its domain, and its file's name.")]
Environment = Annotated[str, typer.Option("--stack", help="The platform on which it lives.")]


@contextlib.contextmanager
def tenants_told(as_json: bool) -> Iterator[None]:
    """As `told`; a mistake in a tenant's data is bad input. With --json the failure is an object too."""
    try:
        with told():
            try:
                yield
            except RegistryError as error:
                count = len(error.problems)
                raise BadInput(
                    f"{count} mistake{'s' if count != 1 else ''} in tenants; nothing was written\n{error}"
                ) from None
            except ArchiveBroken as error:
                raise BadInput(str(error)) from None
    except Failed as failure:
        if as_json:
            typer.echo(json.dumps({"ok": False, "error": str(failure)}))
            raise typer.Exit(failure.exit_code) from None
        raise


def report(applied: Applied, target: Target, as_json: bool) -> None:
    """What came of a run."""
    outcome, seconds = applied.outcome, round(applied.seconds, 1)
    if as_json:
        facts = {
            "ok": True,
            "tenant": applied.tenant.slug,
            "target": target.value,
            "changes": outcome.changed,
            "resources": outcome.resources,
            "violations": len(outcome.violations),
            "seconds": seconds,
        }
        typer.echo(json.dumps(facts))
        return
    for violation in outcome.violations:
        say(f"policy: {violation}")
    slug = applied.tenant.slug
    say(f"tenant {slug} ({target.value}): {outcome.changed} changes, {outcome.resources} resources, {seconds} s")


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
            "Mend: one of those that ./smos tenant list shows"
        )
