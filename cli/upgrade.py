"""`smos upgrade SERVICE VERSION`: another version of a service, with a way back."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from cli.outcome import BadInput
from cli.platform import AsJson, Leave, OnTarget, TakeOver, Yes, claims_of, run_target
from cli.reporting import reporting, say
from deploy import owners
from deploy.registry import Manifest, Registry
from deploy.target import ROOT, Target
from settings import load_files
from settings.images import Image

if TYPE_CHECKING:
    from recovery.upgrade.steps import Outcome

__all__ = ["upgrade", "visit_of"]

Accept = Annotated[
    list[str] | None,
    typer.Option("--accept", metavar="NAME", help="What its vendor has you see to first, and you have; repeatable."),
]
Digests = Annotated[
    list[str] | None,
    typer.Option("--digest", metavar="IMAGE=sha256:…", help="Of an image of the same version; repeatable."),
]


def upgrade(
    service: Annotated[str, typer.Argument(help="The service, as in n8n; or one of its images.")],
    version: Annotated[str, typer.Argument(help="tag@sha256:…; a tag alone, where its digest is known.")],
    stack: Annotated[str, typer.Option("--stack", help="The environment.")] = "prod",
    yes: Yes = False,
    accept: Accept = None,
    take: TakeOver = None,
    leave: Leave = None,
    digest: Digests = None,
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Back up a service's data, change its image, ask whether it works; when it fails, image and data come back by
    themselves. Run again, it goes on with what was cut off.
    """
    begun = time.monotonic()
    with reporting(as_json):
        if as_json and not yes:
            raise BadInput("--json asks nothing, so it takes --yes: what would be done is shown without it")
        from recovery.upgrade.acting import Environment
        from recovery.upgrade.kept_data import KeptData
        from recovery.upgrade.run import Wish
        from recovery.upgrade.run import upgrade as do

        _refuse_unknown(stack, service)
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
        wish = Wish(
            service=service, version=version, accepted=tuple(accept or ()), digests=_digests(digest), ask=_ask(yes)
        )
        outcome = do(here, wish, _resolve(target))
    _report(outcome, stack, target, round(time.monotonic() - begun, 1), as_json)


def _refuse_unknown(stack: str, service: str) -> None:
    """Before anything is started for it."""
    from recovery.upgrade.wanted import image_of_service

    image_of_service(load_files(stack, ROOT), service)


def _report(outcome: Outcome, stack: str, target: Target, seconds: float, as_json: bool) -> None:
    plan = outcome.plan
    if as_json:
        facts = {"service": plan.service, "before": plan.before, "after": plan.after, "backup": outcome.backup}
        where = {"ok": True, "stack": stack, "target": target.value}
        typer.echo(json.dumps({**where, **facts, "answered": list(outcome.answered), "seconds": seconds}))
        return
    for line in outcome.answered:
        typer.echo(f"  {line}")
    kept = f"; its data of before is backup {outcome.backup}" if outcome.backup else ""
    say(f"{plan.service} of {stack}: {plan.before} → {plan.after} in {seconds:g} s{kept}")


def visit_of(target: Target) -> owners.Visit:
    """How a stranger reaches a service of that target by its name."""
    if target is Target.REAL:
        return owners.by_name
    from deploy.simulated import edge

    return owners.through(*edge())


def _resolve(target: Target) -> Callable[[Image], Manifest] | None:
    """Registries are asked for what really runs; of the simulated hosts none pulls from one."""
    if target is not Target.REAL:
        return None
    return Registry().resolve


def _digests(given: list[str] | None) -> Mapping[str, str]:
    pairs = [one.partition("=") for one in given or ()]
    bad = [name for name, _, digest in pairs if not digest]
    if bad:
        raise BadInput(f"--digest {bad[0]}: no digest is in it. Fix: --digest n8n_runners=sha256:…")
    return {name: digest for name, _, digest in pairs}


def _ask(yes: bool) -> Callable[[str], bool] | None:
    if yes:
        return lambda _: True
    return (lambda text: typer.confirm(f"smos: {text}")) if sys.stdin.isatty() else None
