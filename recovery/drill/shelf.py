"""Where proofs are kept on this machine, and how old the newest one is that counts."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from age_keyring import Keyring, KeyringError
from age_keyring.signing import private_of, public_of
from kept import publish
from recovery.drill.page import page
from recovery.drill.proof import SUFFIX, TIME, Proof, ProofBroken, read_proof, write_proof
from settings import SHAPES, Settings
from settings.secrets import SIGNING_SECRETS, entry_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["Kept", "age_of", "keep_proof", "newest", "signing_key", "too_old"]


@dataclass(frozen=True)
class Kept:
    """A proof that was read, and found to be signed."""

    file: Path
    proof: Proof


def signing_key(settings: Settings, keyring: Keyring) -> Ed25519PrivateKey:
    """The keyring's key for proofs. Raises KeyringError."""
    secret = next(one for one in SIGNING_SECRETS if one.name == "proof_signing_key")
    entry = entry_of(secret, settings.stack, alone=settings.own_machine is not None)
    seed = keyring.find(entry)
    if seed and SHAPES[secret.kind].fits(seed):
        return private_of(seed)
    raise KeyringError(keyring.file, f"{entry}: {SHAPES[secret.kind].why}", f"./smos keys generate {entry} --replace")


def keep_proof(folder: Path, proof: Proof, key: Ed25519PrivateKey) -> tuple[Path, Path]:
    """The signed file and its page."""
    ended = proof.ended.replace("-", "").replace(":", "")
    name = f"{proof.environment}-{proof.scope.replace(':', '-')}-{ended}"
    file = folder / f"{name}{SUFFIX}"
    write_proof(file, proof, key)
    read_proof(file, public_of(key))  # what can't be read back is no proof
    shown = folder / f"{name}.html"
    publish(shown, page(proof))
    return file, shown


def newest(folder: Path, environment: str, public: str) -> Kept | None:
    """The newest good proof of an environment as a whole or in part; one that is not signed, or proves nothing, doesn't
    count.
    """
    return max(
        (one for one in _kept(folder, public) if one.proof.environment == environment and one.proof.good),
        key=lambda one: one.proof.ended,
        default=None,
    )


def age_of(proof: Proof, now: datetime.datetime) -> datetime.timedelta:
    """Since its backup was taken back. Never below zero: a clock may be behind."""
    ended = datetime.datetime.strptime(proof.ended, TIME).replace(tzinfo=datetime.UTC)
    return max(datetime.timedelta(), now - ended)


def too_old(kept: Kept | None, limit_days: int, now: datetime.datetime) -> str:
    """What is told of the newest proof, when it is older than it may be; empty while it is young enough."""
    mend = "Fix: ./smos drill"
    if kept is None:
        return f"no restore was ever proved. {mend}"
    age = age_of(kept.proof, now)
    if age <= datetime.timedelta(days=limit_days):
        return ""
    days = age.total_seconds() / 86400
    return f"the newest proof of a restore is {days:.0f} days old, and {limit_days} is the most. {mend}"


def _kept(folder: Path, public: str) -> Iterator[Kept]:
    for file in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            yield Kept(file, read_proof(file, public))
        except ProofBroken:
            continue
