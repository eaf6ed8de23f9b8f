"""`smos vault`: the environment's Vault: initialise, open, look at it."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from cli.platform import AsJson, Leave, OnTarget, Stack, TakeOver, claims_of, run_target
from cli.reporting import reporting, say
from deploy import guards, vault
from deploy.target import Target
from tenants import known

__all__ = ["app", "init", "status", "token", "unseal"]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Vault: initialise it into the keyring, open it, declare its inside.",
)
Anew = Annotated[
    bool, typer.Option("--anew", help="Its data is gone for good: begin an empty one, and keep the old keys aside.")
]


@app.command()
def init(
    stack: Stack,
    anew: Anew = False,
    take: TakeOver = None,
    leave: Leave = None,
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Initialise an environment's Vault once, open it, and declare what is in it. Safe to run again."""
    begun = time.monotonic()
    with reporting():
        place = run_target(target, stack, quiet=as_json)
        settings = guards.settings_of(place, stack)
        outcome = vault.ensure(place, settings, say, anew=anew, claims=claims_of(take, leave))
        if outcome.changed:
            known.forget_all(place)
    seconds = round(time.monotonic() - begun, 1)
    if as_json:
        facts = {"ok": True, "stack": stack, "target": target.value, "changes": outcome.changed, "seconds": seconds}
        typer.echo(json.dumps(facts))
    else:
        typer.echo(f"Vault of {stack} ({target.value}) is open: {outcome.changed} changes inside, {seconds} s")


@app.command()
def unseal(stack: Stack, target: OnTarget = Target.SANDBOX) -> None:
    """Open an environment's Vault with the keyring's keys, as after every restart of it."""
    with reporting():
        place = run_target(target, stack)
        opened = vault.open_sealed(place, guards.settings_of(place, stack), say)
    typer.echo("opened" if opened else "it was open already")


@app.command()
def token(stack: Stack, target: OnTarget = Target.SANDBOX) -> None:
    """Print a token for the key of tenants' states, good for 20 minutes: what a plain `pulumi` on one needs."""
    with reporting():
        place = run_target(target, stack, quiet=True)
        typer.echo(vault.states_token(place, guards.settings_of(place, stack), say))


@app.command()
def status(stack: Stack, as_json: AsJson = False, target: OnTarget = Target.SANDBOX) -> None:
    """Tell whether an environment's Vault is initialised and open, and whether the keyring could open it."""
    with reporting():
        place = run_target(target, stack, quiet=as_json)
        found = vault.state(place, guards.settings_of(place, stack), say)
    seal = found.seal
    facts = {
        "stack": stack,
        "target": target.value,
        "address": found.address,
        "version": seal.version,
        "initialized": seal.initialized,
        "sealed": seal.sealed,
        "threshold": seal.threshold,
        "keysInKeyring": found.keys_kept,
        "keyringOpensIt": found.opens,
    }
    if as_json:
        typer.echo(json.dumps(facts))
    else:
        for name, value in facts.items():
            typer.echo(f"{name}: {str(value).lower() if isinstance(value, bool) else value}")
