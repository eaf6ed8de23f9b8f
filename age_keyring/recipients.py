"""The public keys that a keyring is encrypted to: one line each, `KEY # name`, in the file beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage

from age_keyring.problem import KeyringError
from kept import Damaged, words

__all__ = ["Recipient", "read_recipients", "recipients_file", "written"]

_HEAD = """\
# Who can open keyring.age. Written by `./smos keys add-recipient` and `remove-recipient`: a line that is
# added here by hand opens nothing, and is reported.
"""
_NAME = r"[A-Za-z0-9][A-Za-z0-9 ._@+-]{0,63}"
_MEND = "a line as in `age1… # name` or `ssh-ed25519 AAAA… # name`"


@dataclass(frozen=True)
class Recipient:
    """Somebody who can open the keyring."""

    public: str
    name: str

    @classmethod
    def parse(cls, line: str, *, name: str = "", where: Path | str = "recipient") -> Recipient:
        """From `KEY # name`; from an SSH public key its comment is the name, unless there is another."""
        key, _, noted = (part.strip() for part in line.strip().partition("#"))
        words = key.split()
        if words[:1] and words[0].startswith("ssh-"):
            key, comment = " ".join(words[:2]), " ".join(words[2:])
        else:
            comment = " ".join(words[1:])
            key = words[0] if words else ""
        name = name or noted or comment
        if key.startswith("AGE-SECRET-KEY-") or "PRIVATE KEY" in line:
            why = "this is a PRIVATE key; nothing was stored"
            raise KeyringError(where, why, "its public half (KEY.pub); and a new key, if others could see this one")
        if not re.fullmatch(_NAME, name):
            raise KeyringError(where, "a recipient has no name, or one with odd characters", f"{_MEND}; or --name NAME")
        found = cls(key, name)
        found.key(where)
        return found

    def key(self, where: Path | str) -> Any:
        """The public key that age encrypts to, without the name behind it."""
        try:
            if self.public.startswith("ssh-"):
                return pyrage.ssh.Recipient.from_str(self.public)
            return pyrage.x25519.Recipient.from_str(self.public)
        except pyrage.RecipientError:
            why = f"{self.public[:24]!r}… is no public key of age, nor an ed25519 or RSA key of SSH"
            raise KeyringError(where, why, _MEND) from None


def recipients_file(file: Path) -> Path:
    """The file beside a keyring that names its recipients."""
    return file.with_suffix(".recipients")


def read_recipients(file: Path, mend: str = "") -> tuple[Recipient, ...]:
    """Those that a recipients file names; none when there is no file."""
    try:
        text = words(file, "")
    except FileNotFoundError:
        return ()
    except Damaged as damaged:
        raise KeyringError(file, damaged.why, mend or f"git checkout {file.name}") from None
    lines = enumerate(text.splitlines(), 1)
    return tuple(
        Recipient.parse(line, where=f"{file}: line {number}")
        for number, line in lines
        if line.strip() and not line.lstrip().startswith("#")
    )


def written(recipients: Iterable[Recipient]) -> str:
    """The text of a recipients file."""
    return _HEAD + "".join(f"{one.public} # {one.name}\n" for one in recipients)
