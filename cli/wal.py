"""`smos wal`: a host's PostgreSQL kept as it is written: receive its log, copy it whole, how both stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.platform import AsJson, OnTarget, run_target
from cli.reporting import reporting, say
from cli.tenant_reporting import Environment
from deploy.target import Target

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The log of a host's PostgreSQL and whole copies of it: any moment of it.")

Server = Annotated[str, typer.Option("--server", help="Of one server of smarteros:databaseServers; all, without it.")]
Into = Annotated[
    Path | None,
    typer.Option("--into", help="The folder with the archives, on a disk of its own; the clone's, without it."),
]


@app.command()
def receive(
    stack: Environment = "prod", server: Server = "", into: Into = None, target: OnTarget = Target.SANDBOX
) -> None:
    """Receive the log until it is ended (Ctrl-C): what was committed is here seconds later."""
    from recovery.wal.opened import reached
    from recovery.wal.receiving import receive_all

    with reporting():
        place = run_target(target, stack)
        with reached(place, stack, server, into, say) as found:
            receive_all(found, say)


@app.command()
def base(
    stack: Environment = "prod",
    server: Server = "",
    into: Into = None,
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Copy the servers whole; the log must be received meanwhile. Copies that nobody needs any more go."""
    from recovery.wal.base import base_backup
    from recovery.wal.opened import reached

    with reporting():
        place = run_target(target, stack, quiet=as_json)
        with reached(place, stack, server, into, say) as found:
            made = [base_backup(archive, source, say) for archive, source in found]
    if as_json:
        said = [{"copy": one.copy.name, "bytes": one.copy.bytes, "seconds": round(one.seconds, 1)} for one in made]
        typer.echo(json.dumps({"ok": True, "copies": said}))


@app.command()
def status(
    stack: Environment = "prod",
    server: Server = "",
    into: Into = None,
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """How far the log has come, the last whole copy, what is wrong. Exit code 1 when something is."""
    from recovery.wal.opened import as_far_as_reached
    from recovery.wal.shown import in_words, report

    with reporting():
        place = run_target(target, stack, quiet=as_json)
        found = as_far_as_reached(place, stack, server, into, say)
    ok = not any(one.problems for one in found)
    if as_json:
        typer.echo(json.dumps({"ok": ok, "servers": [report(one) for one in found]}))
    else:
        for one in found:
            typer.echo(in_words(one))
    if not ok:
        raise typer.Exit(1)
