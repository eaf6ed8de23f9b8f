"""How a command ends that the rooms below could not do: a message, an exit code, and with --json one JSON object."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator

import typer

from kept.operator_error import OperatorError

__all__ = ["INTERRUPTED", "reporting", "say"]

INTERRUPTED = 130


@contextlib.contextmanager
def reporting(as_json: bool = False) -> Iterator[None]:
    """Around the work of a command. Without `as_json` an error for the operator is told where every command ends
    (cli/__main__.py); with it, it is one JSON object, too.
    """
    try:
        yield
    except OperatorError as error:
        if not as_json:
            raise
        typer.echo(error.for_operator(), err=True)
        typer.echo(json.dumps({"ok": False, "error": error.for_operator()}))
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        say("interrupted; run the same command again to complete it")
        sys.exit(INTERRUPTED)


def say(text: str) -> None:
    """A line about what is going on; not part of the result."""
    typer.echo(f"smos: {text}", err=True)
