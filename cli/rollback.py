"""`smos rollback TAG`: settings and images as at a git tag, with the data that the older code can read."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from cli.outcome import BadInput
from cli.platform import AsJson, Leave, OnTarget, TakeOver, Yes, claims_of, run_target
from cli.reporting import reporting, say
from cli.upgrade import visit_of
from deploy.target import ROOT, Target

__all__ = ["rollback"]


def rollback(
    tag: Annotated[str, typer.Argument(help="A tag of git, as in v0.2.0.")],
    stack: Annotated[str, typer.Option("--stack", help="The environment.")] = "prod",
    with_data: Annotated[bool, typer.Option("--with-data", help="Put the backups of then back, too.")] = False,
    yes: Yes = False,
    take: TakeOver = None,
    leave: Leave = None,
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Return settings and images to a tag; says what of the data it can't undo. Run again, it goes on."""
    with reporting(as_json):
        if as_json and not yes:
            raise BadInput("--json asks nothing, so it takes --yes: what would be done is shown without it")
        from recovery.upgrade.acting import Environment
        from recovery.upgrade.at_tag import at_tag
        from recovery.upgrade.kept_data import KeptData
        from recovery.upgrade.rollback import roll_back

        then = at_tag(ROOT, tag, stack)
        place = run_target(target, stack, quiet=as_json)
        here = Environment(
            place=place,
            stack=stack,
            data=KeptData(place, stack, say),
            visit=visit_of(target),
            say=say,
            quiet=as_json,
            claims=claims_of(take, leave),
        )
        asked = (lambda text: typer.confirm(f"smos: {text}")) if sys.stdin.isatty() else None
        tracked = ROOT / f"Pulumi.{stack}.yaml"
        done = roll_back(here, then, tracked, with_data=with_data, ask=(lambda _: True) if yes else asked)
    if as_json:
        typer.echo(json.dumps({"ok": True, "stack": stack, "tag": tag, "images": done.images, "told": done.told}))
        return
    for line in done.told:
        typer.echo(f"  {line}")
    say(f"{stack} is as at {tag}: {', '.join(done.images) or 'no image changed'}")
