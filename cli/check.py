"""`smos check`: everything that a pull request must pass, in one command, here and in CI."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

CLONE = Path(__file__).resolve().parent.parent


class Check(NamedTuple):
    """One tool and how it is started."""

    name: str
    arguments: list[str]  # of `python -m`


def checks(fast: bool) -> list[Check]:
    """What is run, in this order."""
    tests = ["pytest", "-n", "2", "--dist=loadfile", "--color=no"]
    return [
        Check("format", ["ruff", "format", "--check", "--quiet", "--output-format=concise", "."]),
        Check("lint", ["ruff", "check", "--quiet", "--output-format=concise", "."]),
        Check("types", ["mypy", "--strict", "--no-error-summary", "."]),
        Check("tests", [*tests, "-m", "not slow"] if fast else tests),
    ]


def check(
    fast: Annotated[bool, typer.Option("--fast", help="Leave out the slow tests: under a minute.")] = False,
) -> None:
    """Format, lint, types and tests. All are run, even when an early one fails; 1 if any failed."""
    failed = [each.name for each in checks(fast) if not _passes(each)]
    if failed:
        typer.echo(f"failed: {', '.join(failed)}")
        raise typer.Exit(1)
    typer.echo("all passed" + (" (slow tests left out)" if fast else ""))


def _passes(each: Check) -> bool:
    begun = time.monotonic()
    done = subprocess.run(  # noqa: S603  our own tools
        [sys.executable, "-m", *each.arguments],
        cwd=CLONE,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    passed = done.returncode == 0
    output = done.stdout.rstrip()
    closing = output.splitlines()[-1] if output and each.name == "tests" else ""
    if not passed and output:
        typer.echo(output)
    typer.echo(f"{each.name:<7} {'ok' if passed else 'FAILED':<6} {time.monotonic() - begun:6.1f} s")
    if passed and closing:
        typer.echo(closing)
    return passed
