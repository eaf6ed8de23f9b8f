"""Turns what the rooms below raise into the command's ending: a message and an exit code, no traceback."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator

import typer

from cli.outcome import BadInput, Failed


@contextlib.contextmanager
def told(as_json: bool = False) -> Iterator[None]:
    """Around the work of a command that runs the engine. With `as_json` a failure is one JSON object, too."""
    try:
        with _told():
            yield
    except Failed as failure:
        if not as_json:
            raise
        typer.echo(str(failure), err=True)
        typer.echo(json.dumps({"ok": False, "error": str(failure).splitlines()[0]}))
        raise typer.Exit(failure.exit_code) from None


@contextlib.contextmanager
def _told() -> Iterator[None]:
    from deploy.engine_run import EngineFailed
    from deploy.guards import NotReady
    from deploy.locks import Locked
    from deploy.losses import LossRefused, NotConfirmed
    from deploy.state import BrokenState, NoRoom
    from deploy.target import WrongTarget
    from engine import EngineMissing
    from kept import Damaged
    from keyring import KeyringError
    from sandbox.home import SandboxError
    from settings import SettingsError

    try:
        yield
    except SettingsError as error:
        count = len(error.problems)
        raise BadInput(
            f"{count} mistake{'s' if count != 1 else ''} in the settings; nothing was started\n{error}"
        ) from None
    except WrongTarget as error:
        raise BadInput(str(error)) from None
    except (LossRefused, NotConfirmed) as error:
        raise Failed(str(error)) from None
    except (
        BrokenState,
        Damaged,
        EngineFailed,
        EngineMissing,
        KeyringError,
        Locked,
        NoRoom,
        NotReady,
        SandboxError,
    ) as error:
        raise Failed(str(error)) from None
    except KeyboardInterrupt:
        typer.echo("smos: interrupted; run the same command again to complete it", err=True)
        sys.exit(130)


def say(text: str) -> None:
    """A line about what is going on; not part of the result."""
    typer.echo(f"smos: {text}", err=True)
