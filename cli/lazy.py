"""A Typer group that imports a command only when it is started.

`--help` shows the table of cli/commands.py and imports none of it; so does completion of names.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cli.commands import COMMANDS

__all__ = ["LazyGroup"]


class LazyGroup(TyperGroup):
    """The group of all commands of the table, none of which is imported before it is started."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A stand-in that only has a name and a help line."""
        entry = COMMANDS.get(cmd_name)
        return None if entry is None else TyperCommand(cmd_name, help=entry.help)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The real command, now that it is certain which."""
        self.commands = {one: self.get_command(ctx, one) for one in COMMANDS}  # of these it suggests the near one
        name, stand_in, rest = super().resolve_command(ctx, args)
        if name is None or stand_in is None:
            return name, stand_in, rest
        command = load(name)
        return name, command, rest


def load(name: str) -> Any:
    """Import a command of the table."""
    module, _, attribute = COMMANDS[name].target.partition(":")
    target = getattr(import_module(module), attribute)
    if not isinstance(target, typer.Typer):
        app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        app.command(name, help=target.__doc__ or COMMANDS[name].help)(target)
        target = app
    command = get_command(target)
    command.name = name
    return command
