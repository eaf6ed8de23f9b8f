"""To how many keys, and to which SSH keys, an age file is encrypted: readable without any key (age-encryption.org/v1).

The stanza of an age key tells nobody whose it is; that of an SSH key begins with the key's fingerprint.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from pathlib import Path

from age_keyring.problem import KeyringError
from age_keyring.recipients import Recipient
from kept import Damaged, words

__all__ = ["check_header"]

_KINDS = ("X25519", "ssh-ed25519", "ssh-rsa")  # others are grease: stanzas that mean nothing, so that readers skip them


def check_header(file: Path, recipients: Sequence[Recipient]) -> None:
    """Raises KeyringError unless the file is encrypted to exactly as many keys of each kind, and to these SSH keys."""
    found = sorted(_stanzas(file))
    wanted = sorted(_stanza(one) for one in recipients)
    if found != wanted:
        why = f"encrypted to {len(found)} keys, and not to exactly those of its {len(wanted)} recipients"
        mend = "./smos keys add-recipient with any of theirs encrypts it anew; if a foreign key was there, rotate"
        raise KeyringError(file, why, mend)


def _stanzas(file: Path) -> list[tuple[str, str]]:
    try:
        lines = words(file, "").strip().splitlines()
    except Damaged as damaged:
        raise KeyringError(file, damaged.why, f"git checkout {file.name}") from None
    try:
        content = base64.b64decode("".join(lines[1:-1]), validate=True)
    except binascii.Error:
        raise KeyringError(file, "damaged, or not an age file", f"git checkout {file.name}") from None
    header = content.split(b"\n---", 1)[0].decode("ascii", errors="replace").splitlines()
    stanzas = [line.split()[1:] for line in header if line.startswith("-> ")]
    return [(one[0], one[1] if one[0] != "X25519" else "") for one in stanzas if one and one[0] in _KINDS]


def _stanza(recipient: Recipient) -> tuple[str, str]:
    kind, _, key = recipient.public.partition(" ")
    if not key:
        return "X25519", ""
    tag = hashlib.sha256(base64.b64decode(key)).digest()[:4]
    return kind, base64.b64encode(tag).decode().rstrip("=")
