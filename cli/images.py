"""`smos images lock|verify`: the digests of the images that run, from their registries."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer

from cli.platform import AsJson
from cli.reporting import reporting, say
from deploy import images
from deploy.registry import Registry
from deploy.simulated import stacks
from deploy.target import ROOT
from settings import load_files

__all__ = ["app", "lock", "verify"]

app = typer.Typer(no_args_is_help=True, help="The images that run: their digests, looked up and compared.")


@app.command()
def lock(
    anew: Annotated[bool, typer.Option("--anew", help="Look again at those that have a digest already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write what each tag means today beside it, in the settings that name it; what has a digest stays as it is."""
    with reporting(as_json):
        _report(images.lock(_images(), Registry().resolve, anew), as_json)


@app.command()
def verify(as_json: AsJson = False) -> None:
    """Ask whether each digest is still there and still what its tag means; exit code 1 when it is not."""
    with reporting(as_json):
        registry = Registry()
        _report(images.verify(_images(), registry.resolve, registry.read), as_json)


def _images() -> list[images.NamedImage]:
    return images.images_of({ROOT / f"Pulumi.{stack}.yaml": load_files(stack, ROOT) for stack in stacks()})


def _report(found: Iterable[images.Found], as_json: bool) -> None:
    seen = []
    for one in found:
        seen.append(one)
        if not as_json:
            typer.echo(f"  {one.state:<8}  {one.image}@{one.digest or '?'}")
            if one.detail:
                typer.echo(f"            {one.detail}")
    bad = [one for one in seen if not one.good]
    if as_json:
        typer.echo(json.dumps({"ok": not bad, "images": [asdict(one) for one in seen]}))
    else:
        say(f"{len(seen) - len(bad)} of {len(seen)} images run as they were looked at")
    if bad:
        raise typer.Exit(1)
