"""`smos demo`: everything on this machine, with no account, no Docker and no root."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.reporting import reporting, say
from demo import tour

__all__ = ["demo"]

_NEXT = (
    ('eval "$(./smos sandbox env)"; pulumi preview --stack prod', "the plain CLI on the simulated clouds"),
    ("./smos preview prod", "what an edit of Pulumi.prod.yaml would change"),
    ("./smos sandbox inventory azure-native:app", "what exists in a simulated cloud"),
    ("./smos sandbox fault throttled --times 3; ./smos up prod", "a vendor's bad day"),
    ("./smos demo --down", "remove it all"),
)


def demo(
    down: Annotated[bool, typer.Option("--down", help="Remove it again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, last.")] = False,
) -> None:
    """Simulated clouds, `prod` up, then what an operator gets. Run again, it changes nothing and says so."""
    if not as_json:
        say("target: sandbox (simulated clouds of this machine)")
    with reporting(as_json):
        if down:
            tour.take_down(say)
            typer.echo(json.dumps({"ok": True}) if as_json else "removed")
            return
        result = tour.bring_up(say)
    if as_json:
        typer.echo(json.dumps(result.facts()))
    else:
        _show(result)


def _show(result: tour.Tour) -> None:
    console = Console()
    outcome = result.outcome
    changed = f"{outcome.changed} changes" if outcome.changed else "nothing had to be changed"
    console.print(f"\n[bold]SmarterOS prod is up[/bold]: {outcome.resources} resources, {changed}.\n")
    for title, rows in _places(result.outputs.get("platform", {})):
        console.print(f"[bold]{title}[/bold]")
        for name, where in rows:
            console.print(f"  {name:<9} {where}", highlight=False, soft_wrap=True)
        console.print()
    times = Table("took", "seconds", box=None, header_style="bold", pad_edge=False)
    for name, seconds in result.timings.items():
        times.add_row(name, f"{seconds:.1f}")
    times.add_row("all", f"{result.seconds:.1f}")
    console.print(times)
    console.print("\n[bold]What to try next[/bold]")
    for command, why in _NEXT:
        console.print(f"  {command}\n      {why}", highlight=False, soft_wrap=True)


def _places(platform: dict[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Addresses, then databases: what an operator asks for first."""
    databases = [
        (name, f"127.0.0.1:{server['localPort']} → {server['targetHost']}, through {server['through']}")
        for name, server in platform.get("databaseServers", {}).items()
    ]
    return [
        ("addresses", list(platform.get("urls", {}).items())),
        ("databases (real PostgreSQL, by SSH forward)", databases),
    ]
