"""The private key of one person: what opens a keyring. It lies outside of the clone and is never shown.

An age identity file, or an OpenSSH key (ed25519 or RSA) without a passphrase. Hardware keys and age's plugins are not
supported: they need programs that a rebuild can't count on.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyrage

from age_keyring.problem import KeyringError
from kept import Damaged, raw

__all__ = ["KEY_FILE_VARIABLE", "SIGNERS_VARIABLE", "Identity", "identity_from_environment", "key_file"]

KEY_FILE_VARIABLE = "SMOS_KEY_FILE"
SIGNERS_VARIABLE = "SMOS_SIGNERS"
"""Names the file of those whose signature counts, where it is not beside the key: as a job in CI is given it."""

_AGE = "AGE-SECRET-KEY-"
_OTHER_KEY = f"name another one: export {KEY_FILE_VARIABLE}=/path/to/key"
_TO_MAKE_ONE = f"./smos keys init makes one there; or {_OTHER_KEY}"


@dataclass(frozen=True)
class Identity:
    """Who opens a keyring. `public` is the line by which others let this one in."""

    file: Path
    public: tuple[str, ...]
    keys: Sequence[Any] = field(repr=False)
    pinned: Path | None = None
    """The file of trusted signers, where another than the one beside the key is named."""

    @property
    def signing(self) -> Path:
        """The key with which this one signs."""
        return self.file.with_name(f"{self.file.name}.signing")

    @property
    def signers(self) -> Path:
        """Those whose signature counts here."""
        return self.pinned or self.file.with_name(f"{self.file.name}.signers")

    @property
    def seen(self) -> Path:
        """The newest number of each keyring that was opened here."""
        return self.file.with_name(f"{self.file.name}.seen")

    @classmethod
    def read(cls, file: Path) -> Identity:
        """The identity that a file holds, or KeyringError."""
        content = _content(file)
        if b"PRIVATE KEY-----" in content:
            return cls(file, (_public_of_ssh(file, content),), (_ssh_key(file, content),))
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = ""
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        if not lines or not all(line.startswith(_AGE) for line in lines):
            raise KeyringError(file, "neither an age identity file nor an OpenSSH private key", _OTHER_KEY)
        try:
            keys = [pyrage.x25519.Identity.from_str(line) for line in lines]
        except pyrage.IdentityError:
            raise KeyringError(file, "a damaged age identity, or of an unknown kind", _OTHER_KEY) from None
        return cls(file, tuple(str(key.to_public()) for key in keys), tuple(keys))

    @classmethod
    def make(cls, file: Path) -> Identity:
        """A new identity in a new file that only its owner can read. Refuses to write over anything."""
        key = pyrage.x25519.Identity.generate()
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise KeyringError(file, "there is a file already", "move it away, if it is not a key in use") from None
        with os.fdopen(descriptor, "w") as out:
            out.write(f"# public key: {key.to_public()}\n{key}\n")
            out.flush()
            os.fsync(out.fileno())
        return cls(file, (str(key.to_public()),), (key,))


def key_file(environ: Mapping[str, str] | None = None) -> Path:
    """Where the operator's key is: $SMOS_KEY_FILE, or ~/.config/smarteros/key.txt."""
    environ = os.environ if environ is None else environ
    named = environ.get(KEY_FILE_VARIABLE)
    return Path(named).expanduser() if named else Path("~/.config/smarteros/key.txt").expanduser()


def identity_from_environment(environ: Mapping[str, str] | None = None) -> Identity:
    """The identity of whoever runs this, or KeyringError."""
    named = (os.environ if environ is None else environ).get(SIGNERS_VARIABLE)
    identity = Identity.read(key_file(environ))
    return replace(identity, pinned=Path(named).expanduser().absolute()) if named else identity


def _content(file: Path) -> bytes:
    try:
        content = raw(file, _OTHER_KEY, 1024 * 1024)
        mode = file.stat().st_mode
    except FileNotFoundError:
        raise KeyringError(file, "there is no key to open the keyring with", _TO_MAKE_ONE) from None
    except Damaged as damaged:
        raise KeyringError(file, damaged.why, _OTHER_KEY) from None
    except OSError as error:
        raise KeyringError(file, f"the key can't be read ({error.strerror})", _OTHER_KEY) from None
    if mode & 0o077:
        raise KeyringError(file, "others on this machine can read this key", f"chmod 600 {file}")
    return content


def _ssh_key(file: Path, content: bytes) -> Any:
    try:
        return pyrage.ssh.Identity.from_buffer(content)
    except pyrage.IdentityError as error:
        if "decrypted first" in str(error):
            why = "this SSH key has a passphrase, which the engine's program can't ask for"
            raise KeyringError(file, why, f"a key of its own for the keyring: {_TO_MAKE_ONE}") from None
        why = "not an SSH key that age can use: ed25519 or RSA, in OpenSSH's format"
        raise KeyringError(file, why, _OTHER_KEY) from None


def _public_of_ssh(file: Path, content: bytes) -> str:
    _ssh_key(file, content)
    from cryptography.hazmat.primitives import serialization

    try:
        key = serialization.load_ssh_private_key(content, password=None)
    except ValueError:  # RSA in PKCS#1
        key = serialization.load_pem_private_key(content, password=None)  # type: ignore[assignment]  # RSA in both
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return public.decode()
