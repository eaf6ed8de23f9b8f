"""`smos bench`: the figures that are promised, measured."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench.measure import Figure
from cli.reporting import say

__all__ = ["What", "bench"]


class What(StrEnum):
    """What can be measured."""

    PLATFORM = "platform"
    FLEET = "fleet"


def bench(
    what: Annotated[What, typer.Argument(help="The commands and prod, or runs on many tenants.")] = What.PLATFORM,
    tenants: Annotated[int, typer.Option("--tenants", min=1, help="Of a fleet: up to so many (1, 10, 100).")] = 100,
    full: Annotated[bool, typer.Option("--full", help="Of a fleet: up to 1,000, which takes a while.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Of a fleet: keep it, for docs/performance.md.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list; of a fleet, one object.")] = False,
) -> None:
    """Measure times and memory against their limits. Exit code 1 when one does not hold."""
    facts, found = _fleet(tenants, full, write) if what is What.FLEET else _platform()
    if as_json:
        typer.echo(json.dumps(facts))
    else:
        _show(found)
    raise typer.Exit(0 if all(figure.holds for figure in found) else 1)


def _platform() -> tuple[Any, list[Figure]]:
    from bench.platform import figures

    found = list(figures(say))
    return _facts(found), found


def _fleet(tenants: int, full: bool, write: bool) -> tuple[Any, list[Figure]]:
    from bench import fleet, fleet_page
    from deploy.target import ROOT

    measured = fleet.measure(tenants, say, full=full)
    if write:
        fleet_page.write(measured, ROOT)
        say(f"kept in {fleet_page.DATA}; {fleet_page.PAGE} and its picture are made of it")
    found = fleet.figures(measured)
    return {**dataclasses.asdict(measured), "figures": _facts(found)}, found


def _facts(found: Iterable[Figure]) -> list[dict[str, Any]]:
    return [figure.facts() for figure in found]


def _show(found: list[Figure]) -> None:
    table = Table("figure", "value", "limit", "holds", box=None, header_style="bold", pad_edge=False)
    for figure in found:
        holds = "yes" if figure.holds else "NO"
        table.add_row(figure.name, f"{figure.value:g} {figure.unit}", f"{figure.limit:.3g} {figure.unit}", holds)
    Console().print(table)
