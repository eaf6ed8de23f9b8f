"""Start of `smos`: puts the clone at the head of the import path and hands over to the command."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

# Commands are short, and what they import makes many objects that stay: looking for garbage among them is a tenth of a
# second of each. It is still looked for, in what runs long.
gc.set_threshold(100_000, 50, 50)

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    # What is forked here becomes the engine at once and never calls gRPC, which would warn of it otherwise. It reads
    # this when it is imported.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    # Otherwise Pydantic reads what each package of the virtualenv says of itself, to find plugins; there are none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from typing import Annotated

import typer
from typer.exceptions import TyperException

from cli.lazy import LazyGroup
from cli.reporting import INTERRUPTED
from kept import explained
from kept.operator_error import OperatorError

__all__ = ["app", "main", "smos"]

app = typer.Typer(
    name="smos",
    cls=LazyGroup,
    help="SmarterOS: environments, tenants and recovery of a multi-tenant automation platform.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: rich would double the time of `--help`
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        from cli.version import version

        version()
        raise typer.Exit


@app.callback()
def smos(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show versions and exit."),
    ] = False,
) -> None:
    """SmarterOS: environments, tenants and recovery of a multi-tenant automation platform."""


def _leave_quietly() -> None:
    """Who read the output has gone, as `head` does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)


def _tell_usage(error: TyperException) -> None:
    """What of the arguments is wrong, and what belongs there."""
    error.show()  # type: ignore[attr-defined] # of its subclass, which Typer does not export; it raises no other
    what = getattr(getattr(error, "param", None), "help", None)
    if what:
        typer.echo(f"What belongs there: {what}", err=True)
    sys.exit(2)


def main() -> None:
    """Run the command that was asked for; exit codes are those of cli/outcome.py."""
    try:
        ended = app(prog_name="smos", standalone_mode=False)
        if ended == INTERRUPTED:
            typer.echo("smos: interrupted; run the same command again to complete it", err=True)
        sys.exit(ended if isinstance(ended, int) else 0)
    except typer.Abort:
        typer.echo(
            "smos: nobody answered, so nothing was done. Fix: the same command at a terminal, or --yes", err=True
        )
        sys.exit(1)
    except TyperException as error:
        _tell_usage(error)
    except OperatorError as error:
        typer.echo(f"smos: {error.for_operator()}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        _leave_quietly()
    except OSError as error:
        said = explained(error)
        if said is None:
            raise  # a fault of ours
        typer.echo(f"smos: {said}", err=True)
        sys.exit(1)
    finally:
        # After an interrupt in the middle of a text that is executed, as dataclasses do, Python 3.11 would end by the
        # signal, whatever the exit code, if no other text followed.
        exec("")  # noqa: S102 nothing is executed
        gc.freeze()  # or the interpreter looks through all of it once more before it ends


if __name__ == "__main__":
    main()
