"""`smos check`: everything that a pull request must pass, in one command, here and in CI."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from cli.outcome import BadInput

__all__ = ["Check", "check", "checks"]

EVERY_S = 15.0
CLONE = Path(__file__).resolve().parent.parent


class Check(NamedTuple):
    """One tool and how it is started."""

    name: str
    arguments: list[str]  # of `python -m`


def checks(fast: bool) -> list[Check]:
    """What is run, in this order."""
    tests = ["pytest", "-p", "tests.progress", "-n", "2", "--dist=loadfile", "--no-loadscope-reorder"]
    tests += ["--color=no"]  # and in the order of tests/order.py
    return [
        Check("format", ["ruff", "format", "--check", "--quiet", "--output-format=concise", "."]),
        Check("lint", ["ruff", "check", "--quiet", "--output-format=concise", "."]),
        Check("types", ["mypy", "--strict", "--no-error-summary", "."]),
        Check("tests", [*tests, "-m", "not slow"] if fast else tests),
    ]


def check(
    fast: Annotated[bool, typer.Option("--fast", help="Leave out the slow tests: under a minute.")] = False,
    plugins: Annotated[
        bool, typer.Option("--plugins", help="Instead: whole lives through the official plugins found on this machine.")
    ] = False,
    life: Annotated[list[str] | None, typer.Option("--life", help="With --plugins: only this one; repeatable.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="With --plugins: the moments of the kills.")] = None,
) -> None:
    """Format, lint, types and tests. All are run, even when an early one fails; 1 if any failed.

    The tests say all the while how far they are, and at the end what was skipped and why.
    """
    if plugins:
        wished = [part for one in life or () for part in ("--life", one)]
        wished += ["--seed", str(seed)] if seed is not None else []
        done = subprocess.run([sys.executable, "-m", "tests.plugins", *wished], cwd=CLONE, check=False)  # noqa: S603 - ours
        raise typer.Exit(done.returncode)
    if life or seed is not None:
        raise BadInput("--life and --seed go with --plugins. Fix: add it, or leave them out")
    typer.echo(f"checking {', '.join(each.name for each in checks(fast))}" + ("" if fast else ": some twenty minutes"))
    failed = [each.name for each in checks(fast) if not _passes(each)]
    if failed:
        typer.echo(f"failed: {', '.join(failed)}")
        raise typer.Exit(1)
    typer.echo("all passed" + (" (slow tests left out)" if fast else ""))


def _passes(each: Check) -> bool:
    begun = time.monotonic()
    process = subprocess.Popen(  # noqa: S603  our own tools
        # Unbuffered: what the tests say of how far they are is seen at once, in the log of a CI, too.
        [sys.executable, "-u", "-m", *each.arguments],
        cwd=CLONE,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=None if each.name == "tests" else subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output = _waited_for(each, process, begun)
    if process.returncode != 0 and output:
        typer.echo(output)
    typer.echo(f"{each.name:<7} {'ok' if process.returncode == 0 else 'FAILED':<6} {time.monotonic() - begun:6.1f} s")
    return process.returncode == 0


def _waited_for(each: Check, process: subprocess.Popen[str], begun: float) -> str:
    """What it printed, if it doesn't print it itself. A tool that is silent is spoken for."""
    while True:
        try:
            return (process.communicate(timeout=EVERY_S)[0] or "").rstrip()
        except subprocess.TimeoutExpired:
            if each.name != "tests":
                typer.echo(f"{each.name:<7} runs   {time.monotonic() - begun:6.1f} s")
        except BaseException:
            process.terminate()
            process.wait()
            raise
