"""`smos capacity`: what the machines and database servers of an environment hold, and whether it fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table as RichTable

from capacity.pages import minimum_sentence, write_pages
from capacity.picture import picture
from capacity.report import Report, report_of
from capacity.tables import Table, tables
from cli.outcome import BadInput
from cli.reporting import reporting
from kept import publish
from settings.capacity_checks import CAPACITY_CHECKS
from settings.checks import CHECKS
from settings.systems import SYSTEMS

__all__ = ["capacity"]

_WIDTH = 180


def capacity(
    stack: Annotated[str, typer.Option("--stack", help="The environment, as in prod.")] = "prod",
    profile: Annotated[
        str, typer.Option("--profile", help="As if it had this profile: what is missing is taken by its defaults.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Draw it into this file.")] = None,
    pages: Annotated[bool, typer.Option("--pages", help="Write docs/capacity.md and its pictures.")] = False,
) -> None:
    """What an environment needs of memory, CPUs, disk and connections, and what it has. Exit code 1: too little."""
    from deploy.target import ROOT
    from settings import load_files

    if pages:
        with reporting():
            changed = write_pages(ROOT)
        typer.echo("\n".join(str(file.relative_to(ROOT)) for file in changed) or "up to date")
        return
    with reporting(as_json):
        # What does not fit is shown here, not refused.
        settings = load_files(stack, ROOT, tuple(check for check in CHECKS if check not in CAPACITY_CHECKS))
    profiles = SYSTEMS[settings.system].profiles
    if profile and profile not in profiles:
        raise BadInput(f"--profile {profile}: there is no such profile. Fix: one of: {', '.join(profiles)}")
    if profile and not (settings.hosts and settings.database_servers):
        lacks = "smarteros:hosts" if not settings.hosts else "smarteros:databaseServers"
        raise BadInput(f"Pulumi.{stack}.yaml: {lacks}: empty, so there is nothing to put the services on. Fix: add one")
    report = report_of(settings, profile)
    if svg:
        publish(svg, picture(report))
    if as_json:
        typer.echo(json.dumps(report.facts()))
    else:
        _show(report)
    if not report.fits:
        raise typer.Exit(1)


def _show(report: Report) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    for table in tables(report):
        console.print(table.title, style="bold", highlight=False)
        console.print(_rich(table))
    if report.profile in SYSTEMS[report.system].profiles:
        console.print(minimum_sentence(report.system, report.profile), soft_wrap=True)
    name = f"{report.stack} with profile {report.profile}"
    if report.fits:
        console.print(f"{name} fits", soft_wrap=True)
        return
    console.print(f"{name} does not fit:", soft_wrap=True)
    for problem in report.problems:
        console.print(f"  {problem}", soft_wrap=True, markup=False, highlight=False)


def _rich(table: Table) -> RichTable:
    made = RichTable(box=None, header_style="bold", pad_edge=False)
    for index, column in enumerate(table.columns):
        made.add_column(column, justify="right" if table.is_number(index) else "left")
    for row in table.rows:
        made.add_row(*row)
    made.add_section()
    for row in table.sums:
        made.add_row(*row, style="bold")
    return made
