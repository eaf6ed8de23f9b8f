"""`smos keys trust|distrust|sign`: whose signature under the keyring counts on this machine."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer

from age_keyring import Identity, Keyring, Recipient, identity_from_environment
from age_keyring.signers import distrust, trust
from age_keyring.signing import fingerprint
from cli.outcome import BadInput
from cli.reporting import reporting
from settings import keyring_file

__all__ = ["distrust_", "sign", "trust_"]


def trust_(
    key: Annotated[str, typer.Argument(help="Their public key (ssh-ed25519 …), or its fingerprint (SHA256:…).")],
    name: Annotated[str, typer.Option("--name", help="Whose signature it is.")],
) -> None:
    """Let one more person's signature under the keyring count on this machine. Compare the key by another way first."""
    with reporting():
        identity = identity_from_environment()
        signer = Recipient.parse(_public_of(key, identity), name=name, where="KEY")
        trust(identity, signer)
    typer.echo(f"{identity.signers}: the signature of {name} counts here ({fingerprint(signer.public)})")


def distrust_(
    named: Annotated[str, typer.Argument(metavar="NAME", help="Its name, its public key or its fingerprint.")],
) -> None:
    """Let a signature count no more on this machine; what it signed last is looked at and signed by somebody else."""
    with reporting():
        identity = identity_from_environment()
        gone = distrust(identity, named)
    typer.echo(f"{identity.signers}: the signature of {gone.name} counts here no more")


def sign(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    name: Annotated[str, typer.Option("--name", help="Whose key it is.")] = "",
) -> None:
    """Sign the keyring as it is: one of an earlier version, or an older one that is meant. Shows it and asks first."""
    with reporting():
        identity = identity_from_environment()
        keyring = Keyring.unproved(keyring_file(), identity)
        before = keyring.statement
        by = f"signed with {fingerprint(before.signer)}, number {before.serial}" if before else "not signed"
        typer.echo(f"{keyring.file}: {by}; {len(keyring.paths())} entries; opened by")
        for one in keyring.recipients:
            typer.echo(f"  {one.name}: {one.public[:40]}")
        if not yes and not (
            sys.stdin.isatty() and typer.confirm("Is that right, and did you see who changed it last?")
        ):
            raise BadInput("nothing was signed. Fix: look at it, then ./smos keys sign --yes")
        keyring.sign(name or getpass.getuser())
    typer.echo(f"signed as number {keyring.statement.serial if keyring.statement else 0}; commit {keyring.file.name}")


def _public_of(key: str, identity: Identity) -> str:
    """The key itself; of a fingerprint the one under the keyring, when it is that one's."""
    if not key.startswith("SHA256:"):
        return key
    statement = Keyring.unproved(keyring_file(), identity).statement
    if statement is None or fingerprint(statement.signer) != key:
        raise BadInput(f"the keyring is not signed with {key}. Fix: the line that ./smos keys init printed for them")
    return statement.signer
