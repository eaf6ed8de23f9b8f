"""`smos tenant archive list|purge`: the archives of this clone, whose they are, and until when they are kept."""

from __future__ import annotations

import datetime
import json
from typing import Annotated

import typer

from cli.platform import AsJson, OnTarget, run_target
from cli.reporting import reporting
from cli.tenant_reporting import Environment
from deploy.target import ROOT, Target
from settings import load_files
from tenants import lifecycle
from tenants.archive.shelf import Retention, Shelf, Shelved, shelf_of
from tenants.status import live

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Archives of tenants: made by export and delete, encrypted to the keyring's recipients.",
)


@app.command("list")
def list_all(stack: Environment = "prod", as_json: AsJson = False, target: OnTarget = Target.SANDBOX) -> None:
    """Every archive: whose, when it was made, and until when it is kept."""
    with reporting(as_json):
        shelf, retention = _shelf(stack, target, as_json)
        found = [(one, retention.until(one)) for one in shelf.archives()]
    if as_json:
        typer.echo(json.dumps({"ok": True, "archives": [_facts(one, until) for one, until in found]}))
        return
    for one, until in found:
        kept = f"until {until}" if until else "while the tenant lives"
        typer.echo(f"{one.slug:<20} {one.made:%Y-%m-%d %H:%M} UTC  {kept:<24} {one.file.name}")


@app.command()
def purge(
    yes: Annotated[bool, typer.Option("--yes", help="Remove them; without it they are only named.")] = False,
    stack: Environment = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Remove the archives of deleted tenants whose time is over; no other is touched."""
    with reporting(as_json):
        shelf, retention = _shelf(stack, target, as_json)
        expired = retention.expired(shelf)
        if yes:
            shelf.remove(expired)
    if as_json:
        names = [one.file.name for one in expired]
        typer.echo(json.dumps({"ok": True, "removed" if yes else "expired": names}))
        return
    for one in expired:
        typer.echo(f"{'removed' if yes else 'expired'}: {one.file.name}, of {one.slug}, made {one.made:%Y-%m-%d}")
    if not expired:
        typer.echo("no archive of a deleted tenant has expired")
    elif not yes:
        typer.echo("nothing was removed; to do it: ./smos tenant archive purge --yes")


def _shelf(stack: str, target: Target, quiet: bool) -> tuple[Shelf, Retention]:
    place = run_target(target, stack, quiet=quiet)
    there = lifecycle.registry_of(stack, target).slugs | set(live(place))
    tenants = load_files(stack, ROOT).services.tenants
    today = datetime.datetime.now(datetime.UTC).date()
    retention = Retention(frozenset(there), today, **({"days": tenants.archive_retention_days} if tenants else {}))
    return shelf_of(place), retention


def _facts(one: Shelved, until: datetime.date | None) -> dict[str, str | None]:
    return {
        "tenant": one.slug,
        "file": str(one.file),
        "made": one.made.isoformat(),
        "until": until.isoformat() if until else None,
    }
