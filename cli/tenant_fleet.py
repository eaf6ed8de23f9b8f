"""`smos tenant apply|plan`: one tenant, or a run on many with one line each and a summary."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from cli.outcome import BadInput
from cli.platform import AsJson, Leave, OnTarget, TakeOver, claims_of, run_target
from cli.reporting import reporting, say
from cli.tenant_reporting import Environment, known, refuse_no_slug, report
from deploy.target import Target
from tenants import lifecycle
from tenants.fleet.plan import Budget, Selection
from tenants.fleet.runner import Done
from tenants.fleet.running import Summary, Wish, fleet
from tenants.model import Tenant
from tenants.tiers import TIERS

__all__ = ["apply", "plan"]

OneOrNone = Annotated[str, typer.Argument(metavar="[SLUG]", help="One tenant; or --all, --wave, --tier.")]
All = Annotated[bool, typer.Option("--all", help="Every tenant: canaries first, wave by wave.")]
InWave = Annotated[int | None, typer.Option("--wave", min=0, max=9, help="Only the tenants of this wave.")]
OfTier = Annotated[str, typer.Option("--tier", help="Only the tenants of this tier.")]
Workers = Annotated[int, typer.Option("--workers", min=0, max=64, help="How many tenants at once; 0: what fits.")]
Failures = Annotated[int | None, typer.Option("--failures", min=0, help="How many may fail; otherwise 1 in 20.")]
Anew = Annotated[bool, typer.Option("--anew", help="Also who is known to be unchanged, or was done already.")]


def apply(
    slug: OneOrNone = "",
    every: All = False,
    wave: InWave = None,
    tier: OfTier = "",
    workers: Workers = 0,
    failures: Failures = None,
    anew: Anew = False,
    take: TakeOver = None,
    leave: Leave = None,
    stack: Environment = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Make a tenant, or many, what their files say. Run again, it completes what was interrupted."""
    with reporting(as_json):
        if not _many(slug, every, wave, tier):
            registry = known(stack, slug, target)
            place = run_target(target, stack, quiet=as_json)
            claims = claims_of(take, leave)
            return report(lifecycle.apply(place, stack, registry, slug, say, claims=claims), target, as_json)
        if take or leave:
            raise BadInput("--take-over and --leave are said of one tenant. Fix: ./smos tenant apply SLUG …")
        wish = Wish(
            stack=stack,
            selection=_selection(wave, tier),
            workers=workers,
            budget=Budget(failures),
            anew=anew,
        )
        _run(wish, target, as_json)


def plan(
    slug: OneOrNone = "",
    every: All = False,
    wave: InWave = None,
    tier: OfTier = "",
    workers: Workers = 0,
    stack: Environment = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Show what `apply` would change, with the policies' judgement."""
    with reporting(as_json):
        if not _many(slug, every, wave, tier):
            registry = known(stack, slug, target)
            place = run_target(target, stack, quiet=as_json)
            applied = lifecycle.preview(place, stack, registry, slug, say, quiet=as_json)
            return report(applied, target, as_json)
        _run(Wish(stack=stack, selection=_selection(wave, tier), ahead=True, workers=workers), target, as_json)


def _many(slug: str, every: bool, wave: int | None, tier: str) -> bool:
    """Whether more than one tenant is meant; refuses what means neither."""
    many = every or wave is not None or bool(tier)
    if slug and many:
        raise BadInput(f"{slug} and a choice of many: one of the two. Fix: leave out the slug, or the options")
    if not slug and not many:
        raise BadInput("which tenant? Fix: its slug, or --all, --wave N, --tier TIER")
    if slug:
        refuse_no_slug(slug)
    return many


def _selection(wave: int | None, tier: str) -> Selection:
    wanted = next((one for one in TIERS if one == tier), None)
    if tier and wanted is None:
        raise BadInput(f"{tier!r} is no tier. Fix: one of {', '.join(TIERS)}")
    return Selection(wave=wave, tier=wanted)


def _refuse_nobody(selection: Selection, tenants: Sequence[Tenant]) -> None:
    if selection == Selection() or any(selection.has(one) for one in tenants):
        return
    waves = ", ".join(map(str, sorted({one.wave for one in tenants})))
    tiers = ", ".join(one for one in TIERS if any(tenant.tier == one for tenant in tenants))
    raise BadInput(f"no tenant is meant by that. Fix: --wave, of {waves or 'none'}; --tier, of {tiers or 'none'}")


def _run(wish: Wish, target: Target, as_json: bool) -> None:
    registry = lifecycle.registry_of(wish.stack, target)
    _refuse_nobody(wish.selection, [entry.tenant for entry in registry.entries])
    place = run_target(target, wish.stack, quiet=as_json)
    summary = fleet(place, wish, registry, say, lambda one, number, of: say(_line(one, number, of, wish.ahead)))
    _tell(summary, target)
    if as_json:
        typer.echo(json.dumps(summary.facts()))
    if not summary.good:
        raise typer.Exit(summary.result.kind)


def _line(one: Done, number: int, of: int, ahead: bool) -> str:
    word = {"changed": f"{one.changes} changes{' to make' if ahead else ''}"}.get(one.outcome, one.outcome.value)
    why = f": {one.why}" if one.why else ""
    return f"[{number:>{len(str(of))}}/{of}] {one.slug:<20} {word:<16} {one.seconds:.1f} s{why}"


def _tell(summary: Summary, target: Target) -> None:
    facts = summary.facts()
    counts = ", ".join(f"{facts[key]} {key}" for key in ("changed", "unchanged", "failed"))
    if facts["known"]:
        counts = f"{facts['known']} known to be unchanged, {len(summary.result.done)} applied; {counts}"
    used = f"{facts['seconds']} s, {facts['core_seconds']} core-seconds, at most {facts['peak_memory_mb']} MB"
    say(f"{facts['tenants']} tenants ({target.value}): {counts}; {used}")
    if summary.result.stopped:
        left = len(summary.result.left)
        say(f"ended early: {summary.result.stopped}. {left} tenants not reached; the same command goes on with them")
    if summary.left_out:
        say(f"left out, for mistakes in their files: {', '.join(summary.left_out)}. Fix: ./smos tenant list says each")
    if summary.journal:
        say(f"journal: {summary.journal}")
