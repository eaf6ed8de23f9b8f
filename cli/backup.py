"""`smos backup`, `smos backups`, `smos restore`."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.outcome import BadInput, Failed
from cli.platform import AsJson, OnTarget, Yes, run_target
from cli.reporting import reporting, say
from deploy.target import Target

if TYPE_CHECKING:
    from recovery.catalogue import Catalogue
    from recovery.restore import Restored, Wanted

__all__ = ["backup", "backups", "restore"]

Of = Annotated[str, typer.Option("--stack", help="The environment, as in prod.")]
At = Annotated[str, typer.Option("--at", metavar="TIME", help="The newest at that time, as 2026-11-30T01:15:00-03:00.")]
Exactly = Annotated[
    bool, typer.Option("--exactly", help="With --at: to the second, out of the log of a host's PostgreSQL.")
]
ServersClock = Annotated[
    bool, typer.Option("--by-servers-clock", help="TIME is by the server's clock, which was another.")
]
MB = 1_000_000


def backup(
    scope: Annotated[str, typer.Argument(help="all, a tenant's slug, or a service's key.")] = "all",
    stack: Of = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Make a backup now: all parts as of one moment, into stores that survive the loss of their source. Exit code 1
    when anything is missing in it.
    """
    from recovery.backup import back_up

    with reporting(as_json):
        manifest = back_up(run_target(target, stack, quiet=as_json), stack, scope, say)
    if as_json:
        facts = {"ok": not manifest.missed, **manifest.model_dump(mode="json", exclude={"parts"})}
        parts = [part.model_dump(mode="json", exclude={"digests", "facts"}) for part in manifest.parts]
        typer.echo(json.dumps({**facts, "bytes": manifest.bytes, "parts": parts}))
    else:
        for part in manifest.parts:
            rows = sum(count for name, count in part.digests.rows.items() if not name.startswith("("))
            typer.echo(f"  {part.name:<36} {part.bytes / MB:>9.2f} MB {rows:>9} rows  → {part.store}")
        for one in manifest.missed:
            typer.echo(f"  {one.name:<36} MISSED: {one.why}")
        typer.echo(f"{manifest.id}: to put it back: ./smos restore {manifest.id} --tenant SLUG, or --service KEY")
    if manifest.missed:
        raise typer.Exit(1)


def backups(
    stack: Of = "prod",
    check: Annotated[bool, typer.Option("--check", help="Read a sample of the packs in every store first.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="First remove what the settings keep no longer.")] = False,
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """What backups there are: of whom, when, how large, what would be lost now, when they were last checked. Exit code
    1 when one is late, shrunken, unreadable, or not of everything.
    """
    from recovery import looked_at

    with reporting(as_json):
        place = run_target(target, stack, quiet=as_json)
        found = looked_at.look(place, stack, say, check=check, forget=forget)
    if as_json:
        typer.echo(json.dumps(found.facts()))
    else:
        _told(found.catalogue, found.point)
        for problem in found.problems:
            typer.echo(f"  PROBLEM  {problem}")
    if found.problems:
        raise typer.Exit(1)


def restore(
    backup_id: Annotated[str, typer.Argument(metavar="[ID]", help="Which one, as `backups` lists it.")] = "",
    tenant: Annotated[str, typer.Option("--tenant", help="All that a tenant has.")] = "",
    service: Annotated[str, typer.Option("--service", help="All that a service has.")] = "",
    to: Annotated[str, typer.Option("--to", metavar="SLUG", help="Beside what lives, under another slug.")] = "",
    at: At = "",
    exactly: Exactly = False,
    servers_clock: ServersClock = False,
    remove: Annotated[bool, typer.Option("--remove-old", help="Remove what earlier restores left aside.")] = False,
    stack: Of = "prod",
    yes: Yes = False,
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Put a tenant or a service back: beside what lives, compared with the backup's manifest, then into its place. The
    old stays, closed, until --remove-old.
    """
    from recovery import restore as room

    with reporting(as_json):
        if remove:
            gone = room.remove_old(run_target(target, stack, quiet=as_json), stack, say)
            typer.echo(json.dumps({"ok": True, "removed": gone}) if as_json else _listed("removed", gone))
            return
        _refuse_unclear(backup_id, at, tenant, service)
        if exactly:
            _out_of_the_log(target, stack, tenant, at, to, servers_clock=servers_clock, yes=yes, as_json=as_json)
            return
        wanted = _wanted(backup_id, at, tenant, service, to)
        what = f"tenant {tenant}" if tenant else service
        question = f"smos [target: {target}]: put {what} of {stack} back as of {backup_id or at}?"
        if not (yes or to or as_json) and not typer.confirm(question):
            raise Failed("nothing was changed")
        done = room.restore(run_target(target, stack, quiet=as_json), stack, wanted, say)
    _came_back(done, as_json, copy=bool(to))


def _wanted(backup_id: str, at: str, tenant: str, service: str, to: str) -> Wanted:
    from recovery.marker import Marker, moment_of
    from recovery.restore import Wanted

    id_, moment = Marker(backup_id).id if backup_id else "", moment_of(at) if at else None
    return Wanted(id=id_, at=moment, tenant=tenant, service=service, to=to)


def _out_of_the_log(
    target: Target, stack: str, tenant: str, at: str, to: str, *, servers_clock: bool, yes: bool, as_json: bool
) -> None:
    from recovery.marker import moment_of
    from recovery.wal.exactly import Exactly as Moment
    from recovery.wal.exactly import restore_exactly

    if not (tenant and at):
        raise BadInput("--exactly: it takes --tenant SLUG and --at TIME. Fix: name both")
    wanted = Moment(tenant=tenant, at=moment_of(at), to=to, by_servers_clock=servers_clock)
    question = f"smos [target: {target}]: put the databases of {tenant} of {stack} back as of {at}?"
    if not (yes or to or as_json) and not typer.confirm(question):
        raise Failed("nothing was changed")
    done = restore_exactly(run_target(target, stack, quiet=as_json), stack, wanted, say)
    if as_json:
        parts = [{"database": one.database, "old": one.old, "clusterSeconds": one.cluster_s} for one in done]
        typer.echo(json.dumps({"ok": True, "at": wanted.at.isoformat(), "databases": parts}))
        return
    for one in done:
        typer.echo(f"  {one.database}: cluster in {one.cluster_s:.0f} s, database in {one.database_s:.0f} s")
    typer.echo(_listed("beside" if to else "the old one is kept", [one.old for one in done if one.old]))


def _came_back(done: Restored, as_json: bool, *, copy: bool) -> None:
    if as_json:
        facts = {"ok": True, "backup": done.id, "parts": done.parts, "names": done.names, "leftOut": done.left_out}
        typer.echo(json.dumps(facts))
        return
    for part in done.parts:
        typer.echo(f"  {part}: as of {done.id}, and compared with its manifest")
    for part in done.left_out:
        typer.echo(f"  {part}: left out, it can't stand beside what lives")
    typer.echo(_listed("beside" if copy else "the old one is kept", done.names))
    typer.echo("to remove that: ./smos restore --remove-old")


def _refuse_unclear(backup_id: str, at: str, tenant: str, service: str) -> None:
    if bool(backup_id) == bool(at):
        raise BadInput("which backup: its id, or --at TIME, and not both. Fix: ./smos backups lists them")
    if bool(tenant) == bool(service):
        raise BadInput("what shall come back: --tenant SLUG or --service KEY, one of them. Fix: name it")


def _listed(what: str, names: Any) -> str:
    return f"{what}: {', '.join(names) or 'nothing'}"


def _told(catalogue: Catalogue, point: datetime.timedelta | None) -> None:
    for one in catalogue.backups:
        manifest = one.manifest
        seconds = (manifest.ended_at - manifest.began_at).total_seconds()
        whose = f"{len(manifest.tenants)} tenants" if manifest.scope == "all" else manifest.scope
        missed = f", {len(manifest.missed)} MISSED" if manifest.missed else ""
        typer.echo(
            f"{manifest.id}  {len(manifest.parts):>3} parts, {whose:<12} {manifest.bytes / MB:>9.2f} MB "
            f"{seconds:>6.1f} s  skew {manifest.skew.total_seconds():.2f} s  in {', '.join(one.stores)}{missed}"
        )
    for store in catalogue.snapshots:
        checked = catalogue.checked.get(store)
        typer.echo(f"{store}: a sample was read {f'{checked:%Y-%m-%d %H:%M} UTC' if checked else 'never yet'}")
    lost = f"{point.total_seconds() / 60:.0f} minutes" if point is not None else "everything"
    typer.echo(f"lost now, if everything was: {lost}")
