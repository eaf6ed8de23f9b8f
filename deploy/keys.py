"""Completes and checks a keyring: what the environments call for is generated once, and never again by itself."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from age_keyring import Keyring
from kept.operator_error import OperatorError
from settings import ExpectedSecret, Problem, Settings, expected_secrets, secret_problems

__all__ = ["Completed", "NotGenerated", "complete", "expected_of", "fresh_value", "problems_of", "public_half"]

_LETTERS = string.ascii_letters + string.digits
_LENGTH = 40
_SPECIAL = "-_+="


class NotGenerated(OperatorError, ValueError):
    """A secret of a kind that only a vendor can make."""

    exit_code = 2


@dataclass(frozen=True)
class Completed:
    """What completing a keyring came to; paths only."""

    made: tuple[str, ...]
    there: tuple[str, ...]
    missing: tuple[Problem, ...]
    """What somebody must supply, and everything that is not of its shape."""


def expected_of(environments: Iterable[Settings]) -> list[ExpectedSecret]:
    """What several environments call for together, each entry once."""
    return list({one.entry: one for settings in environments for one in expected_secrets(settings)}.values())


def complete(keyring: Keyring, environments: Iterable[Settings]) -> Completed:
    """Generates what is missing and can be generated; leaves the rest, and all that is there, alone."""
    expected = expected_of(environments)
    wanted = [one for one in expected if not one.external]
    there = tuple(one.entry for one in expected if keyring.find(one.entry) is not None)
    made = [one for one in wanted if one.entry not in there]
    for one in made:
        keyring.put(one.entry, fresh_value(one))
    return Completed(tuple(one.entry for one in made), there, tuple(secret_problems(expected, keyring)))


def problems_of(keyring: Keyring, environments: Iterable[Settings]) -> Iterator[Problem]:
    """Everything that the environments would miss."""
    yield from secret_problems(expected_of(environments), keyring)


def fresh_value(expected: ExpectedSecret) -> str:
    """A new secret of the expected kind. Raises NotGenerated for what a vendor makes."""
    if expected.kind == "password":
        return password()
    if expected.kind == "mixed_password":
        made = password()
        at = 1 + secrets.randbelow(_LENGTH - 1)
        return made[:at] + secrets.choice(_SPECIAL) + made[at:]
    if expected.kind == "hex_256":
        return secrets.token_hex(32)
    if expected.kind == "openssh_private_key":
        return ssh_key()
    raise NotGenerated(f"{expected.entry} is made by its vendor ({expected.purpose}): ./smos keys set {expected.entry}")


def password() -> str:
    """40 letters and digits, with at least one of each kind."""
    while True:
        found = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        if any(c.islower() for c in found) and any(c.isupper() for c in found) and any(c.isdigit() for c in found):
            return found


def ssh_key() -> str:
    """An ed25519 key in OpenSSH's format, without a passphrase."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH
    return Ed25519PrivateKey.generate().private_bytes(encoding, form, serialization.NoEncryption()).decode()


def public_half(private_key: str) -> str:
    """The public key of an SSH key, as a host's authorized_keys has it."""
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_ssh_private_key(private_key.encode(), password=None)
    form = serialization.PublicFormat.OpenSSH
    return key.public_key().public_bytes(serialization.Encoding.OpenSSH, form).decode()
