"""`smos tenant`: the tenants, each as its file says it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from cli import tenant_archive, tenant_fleet, tenant_life
from cli.outcome import BadInput
from cli.platform import AsJson, OnTarget, run_target
from cli.reporting import reporting, say
from cli.tenant_reporting import Environment, Slug, refuse_no_slug
from deploy.target import RunTarget, Target
from tenants import lifecycle
from tenants.status import Status, status_of, statuses

if TYPE_CHECKING:
    from tenants.usage import Used

__all__ = ["app", "list_all", "schema_of_a_file", "show", "status"]


class _Tenant(TyperGroup):
    """Says of a word that is no command any more which one it is now."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of the first word."""
        if args[:1] == ["destroy"]:
            slug = args[1] if len(args) > 1 else "SLUG"
            ctx.fail(
                f"there is no tenant destroy any more: delete ends a tenant. Fix: ./smos tenant delete {slug}, which "
                f"exports it first; without an archive: ./smos tenant delete {slug} --no-export"
            )
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_Tenant,
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The tenants, each as its file says it. A new one: smos create tenant.",
)
app.command()(tenant_fleet.plan)
app.command()(tenant_fleet.apply)
app.command()(tenant_life.suspend)
app.command()(tenant_life.resume)
app.command()(tenant_life.export)
app.command("import")(tenant_life.import_)
app.command()(tenant_life.delete)
app.command()(tenant_life.drift)
app.add_typer(tenant_archive.app, name="archive")


@app.command("list")
def list_all(stack: Environment = "prod", as_json: AsJson = False, target: OnTarget = Target.SANDBOX) -> None:
    """Every tenant, and whether it is up. Exit code 2 when a file has a mistake: its tenant alone is left out."""
    with reporting(as_json):
        registry = lifecycle.registry_of(stack, target)
        found = statuses(run_target(target, stack, quiet=True), registry)
    problems = [str(problem) for problem in registry.problems]
    if as_json:
        facts = {"tenants": [_facts(one) for one in found], "left_out": problems}
        typer.echo(json.dumps({"ok": not problems, **facts}))
    else:
        for one in found:
            typer.echo(
                f"{one.tenant.slug:<20} {one.word:<12} {one.tenant.rut:<12} {one.tenant.domain:<32} {one.tenant.name}"
            )
        for problem in problems:
            say(f"left out: {problem}")
    if problems:
        raise typer.Exit(BadInput.exit_code)


@app.command("schema")
def schema_of_a_file() -> None:
    """Print the JSON Schema of a tenant's file, for editors."""
    from tenants.schema import schema

    typer.echo(schema(), nl=False)


@app.command()
def status(slug: Slug, stack: Environment = "prod", as_json: AsJson = False, target: OnTarget = Target.SANDBOX) -> None:
    """How one tenant is. Exit code 1 when it is not as its file says."""
    with reporting(as_json):
        refuse_no_slug(slug)
        entry = lifecycle.registry_of(stack, target).find(slug)
        place = run_target(target, stack, quiet=True)
        found = status_of(place, entry)
        used = _used(place, stack, found)
    if as_json:
        usage = {"usage": {one.database: one.facts for one in used}} if used else {}
        typer.echo(json.dumps({"ok": found.as_wanted, **_facts(found), **usage}))
    else:
        typer.echo(f"{slug}: {found.word}, {found.resources} resources" + (f", {found.changed}" if found.up else ""))
        if found.up and not found.unfinished and not found.as_wanted:
            typer.echo(f"  its file says {found.tenant.state}; fix: ./smos tenant apply {slug}")
        if found.unfinished:
            typer.echo(f"  {found.unfinished} operations without an end; fix: ./smos tenant apply {slug}")
        for one in found.known.get("pending") or []:
            typer.echo(f"  pending: {one['what']}: {one['reason']}. Fix: {one['mend']}")
        for each in used:
            typer.echo(f"  {each}")
    if not found.as_wanted:
        raise typer.Exit(1)


@app.command()
def show(slug: Slug, stack: Environment = "prod", as_json: AsJson = False, target: OnTarget = Target.SANDBOX) -> None:
    """What a tenant's file says, what belongs to it is called, and where it is. No secret is shown."""
    with reporting(as_json):
        refuse_no_slug(slug)
        entry = lifecycle.registry_of(stack, target).find(slug)
        found = status_of(run_target(target, stack, quiet=True), entry)
    facts = {**_facts(found), "file": str(entry.file), "known": found.known}
    typer.echo(json.dumps(facts, indent=None if as_json else 2, ensure_ascii=False))


def _used(place: RunTarget, stack: str, found: Status) -> list[Used]:
    """What it uses of its quotas, of one that is there."""
    from tenants.usage import usage_of

    return usage_of(place, stack, found.tenant, say) if found.up else []


def _facts(one: Status) -> dict[str, Any]:
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
        "pending": one.known.get("pending") or [],
    }
