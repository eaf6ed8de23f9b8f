"""`smos bench`: the figures that are promised, measured."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.measure import Figure, MeasuredRunFailed
from bench.platform import figures
from cli.outcome import Failed
from cli.told import say


def bench(as_json: Annotated[bool, typer.Option("--json", help="A JSON list.")] = False) -> None:
    """Measure times and memory against their limits. Exit code 1 when one does not hold."""
    try:
        found = list(figures(say))
    except MeasuredRunFailed as failure:
        raise Failed(f"a measured command failed: {failure}") from None
    if as_json:
        typer.echo(json.dumps([figure.facts() for figure in found]))
    else:
        _show(found)
    raise typer.Exit(0 if all(figure.holds for figure in found) else 1)


def _show(found: list[Figure]) -> None:
    table = Table("figure", "value", "limit", "holds", box=None, header_style="bold", pad_edge=False)
    for figure in found:
        holds = "yes" if figure.holds else "NO"
        table.add_row(figure.name, f"{figure.value:g} {figure.unit}", f"{figure.limit:g} {figure.unit}", holds)
    Console().print(table)
