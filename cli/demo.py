"""`smos demo`: everything on this machine, with no account, no Docker and no root."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.outcome import Failed
from cli.told import say, told
from deploy import demo as tour


def demo(
    down: Annotated[bool, typer.Option("--down", help="Remove it again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, last.")] = False,
) -> None:
    """Simulated clouds, `prod` up, then what an operator gets. Run again, it changes nothing and says so."""
    if not as_json:
        say("target: sandbox (simulated clouds of this machine)")
    try:
        with told():
            if down:
                tour.take_down(say)
                typer.echo(json.dumps({"ok": True}) if as_json else "removed")
                return
            result = tour.bring_up(say)
    except Failed as failure:
        if as_json:
            typer.echo(str(failure), err=True)
            typer.echo(json.dumps({"ok": False, "error": str(failure).splitlines()[0]}))
            raise typer.Exit(failure.exit_code) from None
        raise
    if as_json:
        typer.echo(json.dumps(result.facts()))
    else:
        _show(result)


def _show(result: tour.Tour) -> None:
    console = Console()
    outcome = result.outcome
    changed = f"{outcome.changed} changes" if outcome.changed else "nothing had to be changed"
    console.print(f"\n[bold]SmarterOS prod is up[/bold]: {outcome.resources} resources, {changed}.\n")
    places = Table("what", "where", box=None, header_style="bold", pad_edge=False)
    for name, value in _lines(result.outputs.get("platform", {})):
        places.add_row(name, value)
    console.print(places)
    times = Table("took", "seconds", box=None, header_style="bold", pad_edge=False)
    for name, seconds in result.timings.items():
        times.add_row(name, f"{seconds:.1f}")
    times.add_row("all", f"{result.seconds:.1f}")
    console.print()
    console.print(times)
    console.print("\n[bold]What to try next[/bold]")
    console.print('  eval "$(./smos sandbox env)"; pulumi preview --stack prod     the plain CLI', highlight=False)
    console.print(
        "  edit Pulumi.prod.yaml, then ./smos preview prod                see what would change",
        highlight=False,
    )
    console.print(
        "  ./smos sandbox inventory azure-native:app                      what exists in the clouds",
        highlight=False,
    )
    console.print("  ./smos demo --down                                             remove it all\n", highlight=False)


def _lines(value: Any, name: str = "") -> list[tuple[str, str]]:
    """The exported facts, one line each."""
    if isinstance(value, dict):
        return [line for key, item in value.items() for line in _lines(item, f"{name} {key}".strip())]
    if isinstance(value, list):
        return [line for item in value for line in _lines(item, name)]
    return [(name, str(value))]
