"""`smos env`: templates of .env files, made from the settings. They hold no values: those are in the keyring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.outcome import BadInput
from cli.reporting import reporting, say
from deploy.target import ROOT
from kept import publish
from settings import load_files
from settings.problems import did_you_mean
from settings.templates import Group, groups, made_here, rendered

__all__ = ["app", "pages", "template"]

FOLDER = Path("docs") / "env"

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Templates of .env files: which keys of others' services there are, and how to get each. Never a value.",
)


@app.command()
def template(
    vendors: Annotated[
        list[str] | None, typer.Argument(metavar="[VENDOR]...", help="As in openai; all of them.")
    ] = None,
    stack: Annotated[str, typer.Option("--stack", help="Say who is handed what in this environment.")] = "",
) -> None:
    """Print the template of a vendor, or of all."""
    with reporting():
        settings = load_files(stack, ROOT) if stack else None
    found = {group.key: group for group in groups(settings)}
    for vendor in vendors or []:
        if vendor not in found:
            raise BadInput(f"{vendor} is no vendor of whom keys are kept. Fix: {did_you_mean(vendor, found)}")
    typer.echo("\n".join(rendered(found[key]) for key in vendors or found), nl=False)
    if settings is not None and not vendors:
        typer.echo(f"\n# Made by ./smos keys init; nobody fills them in ({settings.stack}):")
        for one in made_here(settings):
            typer.echo(f"# {one.entry}: {one.purpose}")


@app.command()
def pages() -> None:
    """Write the templates of docs/env anew."""
    folder = ROOT / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {file_name(group): rendered(group) for group in groups()}
    for stale in sorted({file.name for file in folder.glob(".env.*.template")} - wanted.keys()):
        (folder / stale).unlink()
        say(f"{FOLDER / stale}: gone")
    for name, text in wanted.items():
        publish(folder / name, text)
    typer.echo(f"{len(wanted)} templates in {FOLDER}")


def file_name(group: Group) -> str:
    """The name of a vendor's template, as people call it: `.env.<vendor>.template`."""
    return f".env.{group.key}.template"
