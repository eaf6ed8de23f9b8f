"""`smos policies`: what the policy pack demands, and what the plain CLI must be told for it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cli.reporting import reporting
from kept import publish

__all__ = ["policies"]


def policies(
    stack: Annotated[str, typer.Argument(help="The environment, as in prod; without one, the rules are listed.")] = "",
    pages: Annotated[bool, typer.Option("--pages", help="Instead: write the table in docs/policies.md anew.")] = False,
) -> None:
    """List the rules of the policy pack, or print an environment's file for --policy-pack-config."""
    from policy.catalogue import configuration, level, rules
    from policy.rule import Facts

    if pages:
        typer.echo("docs/policies.md" if _write_table() else "up to date")
        return
    if not stack:
        for rule in rules():
            typer.echo(f"{rule.name:<24} {level(rule, Facts()):<10} {rule.says}")
        return
    from deploy.policies import facts_of
    from deploy.target import ROOT
    from settings import load_files

    with reporting():
        settings = load_files(stack, ROOT)
    typer.echo(json.dumps(configuration(facts_of(settings)), indent=2))


def _write_table() -> bool:
    """Whether the page was not as the rules are."""
    from deploy.target import ROOT
    from policy.page import with_table

    file = ROOT / "docs" / "policies.md"
    before = file.read_text(encoding="utf-8")
    after = with_table(before)
    if after != before:
        publish(file, after)
    return after != before
