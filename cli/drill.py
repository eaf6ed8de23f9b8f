"""`smos drill`: a restore that is proved, and the proof that can be checked with nothing but a public key."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.outcome import BadInput
from cli.platform import AsJson, OnTarget, run_target
from cli.reporting import reporting, say
from deploy.target import Target

if TYPE_CHECKING:
    from recovery.drill.proof import Proof

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    invoke_without_command=True,
    help="Restore the newest backup into a scratch place without a way out, ask it, sign what was found, remove it.",
)
Of = Annotated[str, typer.Option("--stack", help="The environment, as in prod.")]


@app.callback()
def drill(
    ctx: typer.Context,
    tenant: Annotated[str, typer.Option("--tenant", metavar="SLUG", help="Only what this tenant has.")] = "",
    sample: Annotated[
        int, typer.Option("--sample", metavar="N", min=0, help="The platform, and so many tenants by chance.")
    ] = 0,
    everything: Annotated[bool, typer.Option("--all", help="All of it; the same without any of these.")] = False,
    stack: Of = "prod",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Restore the newest backup into a scratch place without a way out, ask it, sign what was found, remove it. Exit
    code 1 when anything was not as it should be.
    """
    if ctx.invoked_subcommand:
        return
    from recovery.drill.whole import Scope
    from recovery.drill.whole import drill as drilled

    with reporting(as_json):
        if sum(map(bool, (tenant, sample, everything))) > 1:
            raise BadInput("--tenant, --sample and --all: one of them. Fix: leave the others out")
        place = run_target(target, stack, quiet=as_json)
        done = drilled(place, stack, Scope(tenant=tenant, sample=sample), say)
    _show(done.proof, as_json, {"file": str(done.file), "page": str(done.page)})
    if not done.proof.good:
        raise typer.Exit(1)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The signed proof (*.proof).")],
    key: Annotated[
        str, typer.Option("--key", help="The public key of who made it, or a file with it; else the keyring's own.")
    ] = "",
    as_json: AsJson = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Check a proof: who signed it, that nothing was changed since, what it proves. Needs no network, and with --key
    no keyring. Exit code 1 for a proof of a restore in which something was wrong, 2 for one that can't be trusted.
    """
    from recovery.drill.proof import read_proof

    with reporting(as_json):
        if not file.is_file():
            raise BadInput(f"{file}: there is no such proof. Fix: ./smos drill makes one, and says where it lies")
        proof = read_proof(file, _public(key, target))
    _show(proof, as_json, {"file": str(file)})
    if not proof.good:
        raise typer.Exit(1)


@app.command("key")
def key_(stack: Of = "prod", target: OnTarget = Target.SANDBOX) -> None:
    """Print the public key with which this keyring's proofs are checked: give it to whoever shall check them, by
    another way than the proofs.
    """
    with reporting():
        typer.echo(_own_key(stack, target))


def _own_key(stack: str, target: Target) -> str:
    from age_keyring.signing import public_of
    from deploy.target import ROOT
    from recovery.drill.shelf import signing_key
    from settings import load_files, open_keyring

    place = run_target(target, stack, quiet=True)
    return public_of(signing_key(load_files(stack, ROOT), open_keyring(place.environ)))


def _public(key: str, target: Target) -> str:
    if not key:
        return _own_key("prod", target)
    if key.startswith("ssh-ed25519 "):
        return key
    try:
        return Path(key).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise BadInput(f"--key {key}: neither a public key nor a file with one. Fix: ./smos drill key") from None


def _show(proof: Proof, as_json: bool, more: dict[str, str]) -> None:
    from recovery.drill.page import duration, size

    if as_json:
        facts = {"ok": proof.good, "problems": proof.problems, "rpo_s": proof.rpo_s, "rto_s": proof.rto_s}
        typer.echo(json.dumps({**facts, **more, "proof": proof.model_dump(mode="json")}))
        return
    for part in proof.parts:
        answers = part.answers
        counts = f"{sum(one.outcome == 'right' for one in answers)} right, {len(part.wrong)} wrong"
        open_ = sum(one.outcome == "unproved" for one in answers)
        typer.echo(f"  {part.name:<36} {size(part.size):>8} {duration(part.rto_s):>7}  {counts}, {open_} not proved")
    for problem in proof.problems:
        typer.echo(f"  PROBLEM  {problem}")
    ended = datetime.datetime.fromisoformat(proof.ended)
    word = "proved" if proof.good else "NOT PROVED"
    typer.echo(
        f"{word}: backup {proof.backup} of {proof.environment}, {ended:%Y-%m-%d %H:%M} UTC: at most "
        f"{duration(proof.rpo_s)} lost, back in {duration(proof.rto_s)}, {proof.closed.attempts} tried to leave"
    )
    for name, path in more.items():
        typer.echo(f"{name}: {path}")
