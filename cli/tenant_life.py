"""`smos tenant suspend|resume|export|import|drift`: what becomes of a tenant over its life.

What does it is imported where it is called: every other command on tenants would pay for those clients, too.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.outcome import BadInput
from cli.platform import AsJson, Leave, OnTarget, TakeOver, claims_of, run_target
from cli.reporting import reporting, say
from cli.tenant_reporting import Environment, Slug, known, refuse_no_slug, report
from deploy.take_over import Claims
from deploy.target import Target
from tenants import lifecycle
from tenants.archive.shelf import shelf_of
from tenants.model import State

if TYPE_CHECKING:
    from tenants.offboarding import Deleted

__all__ = ["delete", "drift", "export", "import_", "resume", "suspend"]


def suspend(
    slug: Slug,
    take: TakeOver = None,
    leave: Leave = None,
    stack: Environment = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Close every door of a tenant and lose nothing: its name shows the holding page, its logins end."""
    _state(slug, stack, as_json, target, "suspended", claims_of(take, leave))


def resume(
    slug: Slug,
    take: TakeOver = None,
    leave: Leave = None,
    stack: Environment = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Open a suspended tenant again, exactly as it was."""
    _state(slug, stack, as_json, target, "active", claims_of(take, leave))


def _state(slug: str, stack: str, as_json: bool, target: Target, state: State, claims: Claims) -> None:
    from recovery.tombstones import tombstones_of
    from tenants import desired

    with reporting(as_json):
        refuse_no_slug(slug)
        lifecycle.registry_of(stack, target).find(slug)  # before anything is started for it
        place = run_target(target, stack, quiet=as_json)
        reread = lambda: lifecycle.registry_of(stack, target)  # noqa: E731 - a function for one call
        applied = desired.set_state(place, stack, reread, slug, state, say, claims)
        if state == "active":
            tombstones_of(place, stack).lift(slug)  # of a delete that was begun and given up
        report(applied, target, as_json)


def export(
    slug: Slug,
    to: Annotated[Path | None, typer.Option("--to", help="The folder of the archive.")] = None,
    stack: Environment = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Write a tenant into one encrypted file with checksums; what is not in it, it says."""
    from tenants import desired

    with reporting(as_json):
        refuse_no_slug(slug)
        registry = lifecycle.registry_of(stack, target)
        registry.find(slug)
        _refuse_no_folder(to)
        place = run_target(target, stack, quiet=as_json)
        made = desired.exported(place, stack, registry, slug, to or shelf_of(place).folder, say)
    if as_json:
        facts = made.manifest.model_dump(by_alias=True, mode="json")
        typer.echo(json.dumps({"ok": True, "file": str(made.file), **facts}))
        return
    content = made.manifest.content
    typer.echo(
        f"{made.file}: {sum(content.rows.values())} rows in {len(content.rows)} tables, {content.redis_keys} keys"
    )
    for line in made.manifest.lossy:
        typer.echo(f"  not in it: {line}")


def _refuse_no_folder(to: Path | None) -> None:
    """Before anything is started: a file where the archive's folder belongs."""
    for one in (to, *to.absolute().parents) if to is not None else ():
        if one.exists() and not one.is_dir():
            raise BadInput(f"--to {to}: {one} is no folder. Fix: a folder; one that is not there is made")


def import_(
    file: Annotated[Path, typer.Argument(help="An archive of `tenant export`.", exists=True, dir_okay=False)],
    domain: Annotated[str, typer.Option("--as", help="Another name in the zone than its own.")] = "",
    trust: Annotated[
        str,
        typer.Option("--trust", metavar="SHA256", help="Of one from elsewhere: its checksum, as its maker says it."),
    ] = "",
    serial: Annotated[
        int | None, typer.Option("--serial", help="Of one that is not the newest, or was imported: its number.")
    ] = None,
    take: TakeOver = None,
    leave: Leave = None,
    stack: Environment = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Make a tenant from an archive, also under another name; every checksum is compared, before and after."""
    from tenants import desired
    from tenants.archive.file import refuse_no_archive

    with reporting(as_json):
        registry = lifecycle.registry_of(stack, target)
        if domain:
            registry.check_domain(domain)
        refuse_no_archive(file)
        place = run_target(target, stack, quiet=as_json)
        reread = lambda: lifecycle.registry_of(stack, target)  # noqa: E731 - a function for one call
        meant = desired.Meant(trust=trust, serial=serial)
        report(
            desired.imported(place, stack, reread, file, domain, say, claims_of(take, leave), meant=meant),
            target,
            as_json,
        )


def delete(
    slug: Slug,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needs --confirm.")] = False,
    confirm: Annotated[str, typer.Option("--confirm", help="The slug once more.")] = "",
    no_export: Annotated[bool, typer.Option("--no-export", help="Keep no archive: its data is lost.")] = False,
    take: TakeOver = None,
    leave: Leave = None,
    stack: Environment = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """End a tenant: export it, take all of it down, and prove that nothing is left. Exit code 1 when something is.

    With --no-export its data is lost; it does for a tenant whose file is gone, too, without the proof.
    """
    from recovery.tombstones import erasing
    from tenants import offboarding

    with reporting(as_json):
        refuse_no_slug(slug)
        registry = known(stack, slug, target)
        if not no_export or slug in registry.slugs:
            registry.find(slug)
        _confirmed(slug, yes, confirm, no_export)
        place = run_target(target, stack, quiet=as_json)
        reread = lambda: lifecycle.registry_of(stack, target)  # noqa: E731 - a function for one call
        end = offboarding.delete_unexported if no_export else offboarding.delete
        with erasing(place, stack, slug):
            done = end(place, stack, reread, slug, say, claims_of(take, leave))
    if as_json:
        kept = [{"what": one.what, "until": one.until} for one in done.kept]
        left = 0 if done.is_proved else None
        facts = {"archive": str(done.archive or ""), "resources": done.resources, "left": left, "kept": kept}
        typer.echo(json.dumps({"ok": True, "tenant": slug, **facts}))
        return
    _told_gone(done)


def _told_gone(done: Deleted) -> None:
    proof = ", nothing is left" if done.is_proved else ""
    typer.echo(f"tenant {done.slug} is gone: {done.resources} resources deleted{proof}")
    for one in done.kept:
        typer.echo(f"  kept by design until {one.until}: {one.what}")
    if done.archive:
        typer.echo(f"  it comes back with: ./smos tenant import {done.archive}")


def _confirmed(slug: str, yes: bool, confirm: str, no_export: bool) -> None:
    if yes and confirm == slug:
        return
    mend = f"./smos tenant delete {slug}{' --no-export' if no_export else ''} --yes --confirm {slug}"
    if yes or confirm:
        raise BadInput(f"--yes and --confirm {slug} belong together, and the slug must be this one's. Fix: {mend}")
    if not sys.stdin.isatty():
        raise BadInput(f"this ends tenant {slug}, and nobody can be asked here. Fix: {mend}")
    lost = ", for good, without an archive" if no_export else ""
    typed = typer.prompt(f"This ends tenant {slug}: its database, secrets, files and name{lost}. Type its slug")
    if typed != slug:
        raise BadInput(f"{typed!r} is not {slug}: nothing was done")


def drift(
    slug: Slug,
    mend: Annotated[bool, typer.Option("--mend", help="Make it as wanted again.")] = False,
    take: TakeOver = None,
    leave: Leave = None,
    stack: Environment = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Ask every vendor whether a tenant is still as wanted. Exit code 1 when it is not."""
    from tenants import desired

    with reporting(as_json):
        refuse_no_slug(slug)
        registry = lifecycle.registry_of(stack, target)
        registry.find(slug)
        place = run_target(target, stack, quiet=as_json)
        found = desired.drift_of(place, stack, registry, slug, say, mend=mend, claims=claims_of(take, leave))
    ok = found.mended or not found.changed
    if as_json:
        typer.echo(json.dumps({"ok": ok, "tenant": slug, "changed": found.changed, "mended": found.mended}))
    elif not found.changed:
        typer.echo(f"tenant {slug}: as wanted")
    else:
        typer.echo(f"tenant {slug}: {'mended' if found.mended else 'not as wanted'}: {', '.join(found.changed)}")
        if not found.mended:
            typer.echo(f"fix: ./smos tenant drift {slug} --mend", err=True)
    if not ok:
        raise typer.Exit(1)
