"""`smos new`: begins a service, a step, a rule, a type, a command, a system. What it is to do is not written here."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.outcome import BadInput
from cli.reporting import reporting
from deploy.target import ROOT
from scaffold.kinds import SCAFFOLDS
from scaffold.write import plan, write

__all__ = ["new"]

KINDS = ", ".join(SCAFFOLDS)


def new(
    kind: Annotated[str, typer.Argument(help=f"What it is: {KINDS}.")],
    name: Annotated[str, typer.Argument(help="How it is called, as in logs-bounded for a rule.")],
) -> None:
    """Write the files that something new begins with, with a test that fails, and say what is left to do."""
    scaffold = SCAFFOLDS.get(kind)
    if scaffold is None:
        raise BadInput(f"{kind}: nothing of that kind is begun here. Fix: one of {KINDS}")
    with reporting():
        wanted = plan(scaffold, name, ROOT)
        write(wanted)
    for file in wanted.new:
        typer.echo(f"wrote {file.relative_to(ROOT)}")
    for file in wanted.changed:
        typer.echo(f"added to {file.relative_to(ROOT)}")
    typer.echo(f"fails until it is written: {wanted.test.relative_to(ROOT)}: {wanted.fails}")
    typer.echo("what is left:")
    for number, one in enumerate(wanted.left, 1):
        typer.echo(f"  {number}. {one}")
