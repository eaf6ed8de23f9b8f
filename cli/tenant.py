"""`smos tenant`: the tenants, each as its file says it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from cli.outcome import BadInput, Failed
from cli.platform import AsJson, OnTarget, workplace
from cli.told import say, told
from deploy.target import Target
from tenants import lifecycle
from tenants.model import is_slug
from tenants.registry import RegistryError

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The tenants: list, status, show, preview, apply, destroy. A new one: smos create tenant.",
)
Slug = Annotated[str, typer.Argument(help="The tenant's slug: the first label of its domain, and its file's name.")]
Environment = Annotated[str, typer.Option("--stack", help="The platform on which it lives.")]


@app.command("list")
def list_all(stack: Environment = "prod", as_json: AsJson = False, target: OnTarget = Target.SANDBOX) -> None:
    """Every tenant, and whether it is up."""
    with tenants_told(as_json):
        registry = lifecycle.registry_of(stack, target)
        found = lifecycle.statuses(workplace(target, stack, quiet=True), registry)
    if as_json:
        typer.echo(json.dumps({"ok": True, "tenants": [_facts(one) for one in found]}))
        return
    for one in found:
        typer.echo(
            f"{one.tenant.slug:<20} {one.word:<12} {one.tenant.rut:<12} {one.tenant.domain:<32} {one.tenant.name}"
        )


@app.command("schema")
def schema_of_a_file() -> None:
    """Print the JSON Schema of a tenant's file, for editors."""
    from tenants.schema import schema

    typer.echo(schema(), nl=False)


@app.command()
def status(slug: Slug, stack: Environment = "prod", as_json: AsJson = False, target: OnTarget = Target.SANDBOX) -> None:
    """How one tenant is. Exit code 1 when it is not up."""
    with tenants_told(as_json):
        _refuse_no_slug(slug)
        entry = lifecycle.registry_of(stack, target).find(slug)
        found = lifecycle.status(workplace(target, stack, quiet=True), entry)
    if as_json:
        typer.echo(json.dumps({"ok": found.word == "up", **_facts(found)}))
    else:
        typer.echo(f"{slug}: {found.word}, {found.resources} resources" + (f", {found.changed}" if found.up else ""))
        if found.unfinished:
            typer.echo(f"  {found.unfinished} operations without an end; mend: ./smos tenant apply {slug}")
    if found.word != "up":
        raise typer.Exit(1)


@app.command()
def show(slug: Slug, stack: Environment = "prod", as_json: AsJson = False, target: OnTarget = Target.SANDBOX) -> None:
    """What a tenant's file says, what belongs to it is called, and where it is. No secret is shown."""
    with tenants_told(as_json):
        _refuse_no_slug(slug)
        entry = lifecycle.registry_of(stack, target).find(slug)
        found = lifecycle.status(workplace(target, stack, quiet=True), entry)
    facts = {**_facts(found), "file": str(entry.file), "known": found.known}
    typer.echo(json.dumps(facts, indent=None if as_json else 2, ensure_ascii=False))


@app.command()
def preview(
    slug: Slug, stack: Environment = "prod", as_json: AsJson = False, target: OnTarget = Target.SANDBOX
) -> None:
    """Show what `apply` would change, with the policies' judgement."""
    with tenants_told(as_json):
        _refuse_no_slug(slug)
        registry = lifecycle.registry_of(stack, target)
        place = workplace(target, stack, quiet=as_json)
        report(lifecycle.preview(place, stack, registry, slug, say, quiet=as_json), target, as_json)


@app.command()
def apply(slug: Slug, stack: Environment = "prod", as_json: AsJson = False, target: OnTarget = Target.SANDBOX) -> None:
    """Make a tenant what its file says. Run again, it completes what was interrupted."""
    with tenants_told(as_json):
        _refuse_no_slug(slug)
        registry = lifecycle.registry_of(stack, target)
        place = workplace(target, stack, quiet=as_json)
        report(lifecycle.apply(place, stack, registry, slug, say), target, as_json)


@app.command()
def destroy(
    slug: Slug,
    allow_loss: Annotated[str, typer.Option("--allow-loss", help="The slug once more: its data is lost.")] = "",
    stack: Environment = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Take a tenant down, its database and secrets with it. Its file stays; remove it afterwards."""
    with tenants_told(as_json):
        _refuse_no_slug(slug)
        if allow_loss != slug:
            raise BadInput(
                f"this deletes the database, secrets and name of tenant {slug} for good. "
                f"Mend: export what is to be kept, then: ./smos tenant destroy {slug} --allow-loss {slug}"
            )
        outcome = lifecycle.destroy(workplace(target, stack, quiet=as_json), stack, slug, say)
        facts = {"ok": True, "tenant": slug, "target": target.value, "changes": outcome.changed}
        typer.echo(json.dumps(facts) if as_json else f"tenant {slug} is down: {outcome.changed} resources deleted")


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
    except Failed as failure:
        if as_json:
            typer.echo(json.dumps({"ok": False, "error": str(failure)}))
            raise typer.Exit(failure.exit_code) from None
        raise


def report(applied: lifecycle.Applied, target: Target, as_json: bool) -> None:
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


def _refuse_no_slug(slug: str) -> None:
    """What becomes a folder's and a stack's name is looked at first: it leads to nothing else."""
    if not is_slug(slug):
        raise BadInput(
            f"{slug!r} is no tenant's slug: 3 to 32 lower-case letters, digits and hyphens. "
            "Mend: one of those that ./smos tenant list shows"
        )


def _facts(one: lifecycle.Status) -> dict[str, Any]:
    return {
        "slug": one.tenant.slug,
        "name": one.tenant.name,
        "rut": one.tenant.rut,
        "domain": one.tenant.domain,
        "state": one.tenant.state,
        "status": one.word,
        "resources": one.resources,
        "changed": one.changed,
        "project": one.project,
    }
