"""The archive's file: a tar of named parts, encrypted to everybody who can open the keyring, signed by its key for
archives. Whole, or not there.

The signature comes first and is checked before anything is parsed: that a file opens with one's key proves nothing of
who made it. After the first three lines follows what `age -d` opens.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pyrage

from age_keyring import Identity, Recipient
from age_keyring.signing import SignatureRefused, Statement, opened, public_of, signed, signer_of
from age_keyring.store import write_whole
from kept import Damaged, raw
from tenants.archive.manifest import ArchiveBroken
from tenants.archive.tar import NotPlain, packed, unpacked

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["MANIFEST", "SUFFIX", "SUFFIXES", "Read", "read", "refuse_no_archive", "write"]

MANIFEST = "manifest.json"
SUFFIX = ".archive"
SUFFIXES = (SUFFIX, ".tar.age")
"""The second is of archives that were not signed yet."""
_OF_AGE = b"age-encryption.org/v1"
MOST_HEADER = 64 * 1024
"""Of age: a line or three for each recipient."""
TIMES_IN_MEMORY = 3
"""Sealed, open, and taken apart."""
MOST_MANIFEST = 16 * 1024 * 1024
_MEND = "Fix: another copy of the archive, or the key of who was a recipient when it was made"
_TRUST = (
    "Fix: an archive of this keyring; or, when you know who made this one, ask them, not by way of the file, for its "
    "checksum (sha256sum): --trust CHECKSUM"
)


@dataclass(frozen=True)
class Read:
    """An archive that was opened."""

    parts: dict[str, bytes]
    statement: Statement | None
    """What was signed; None of one that was trusted by its checksum alone."""


def write(
    file: Path,
    parts: Mapping[str, bytes],
    recipients: tuple[Recipient, ...],
    key: Ed25519PrivateKey,
    statement: Statement,
) -> None:
    """Writes a new archive, readable by its owner alone; the manifest first. Raises ArchiveBroken without room."""
    plain = packed(parts, MANIFEST)
    sealed = pyrage.encrypt(plain, [one.key(file) for one in recipients])
    content = signed(key, replace(statement, plain_size=len(plain)), sealed)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    free = shutil.disk_usage(file.parent).free
    if len(content) > free:
        raise ArchiveBroken(f"{file}: it has {len(content)} bytes, and {free} are free. Fix: make room on that disk")
    write_whole(file, content)


def read(file: Path, identity: Identity, key: Ed25519PrivateKey, *, trust: str = "") -> Read:
    """Its parts. `trust`: the checksum of one that this keyring did not sign. Raises ArchiveBroken for what is no
    archive, or none of ours.
    """
    content = _content(file)
    statement, sealed = _from_whom(file, content, public_of(key), trust)
    if b"\n--- " not in bytes(sealed[:MOST_HEADER]):
        raise ArchiveBroken(f"{file}: it is no age file, or damaged. {_MEND}")
    try:
        plain = pyrage.decrypt(bytes(sealed), list(identity.keys))
    except pyrage.DecryptError as error:
        raise ArchiveBroken(f"{file}: it can't be decrypted with your key, or was changed ({error}). {_MEND}") from None
    if statement and len(plain) != statement.plain_size:
        raise ArchiveBroken(f"{file}: {len(plain)} bytes are in it, and {statement.plain_size} are told. {_MEND}")
    try:
        parts = unpacked(plain)
    except NotPlain as error:
        raise ArchiveBroken(f"{file}: {error}. {_MEND}") from None
    if MANIFEST not in parts or len(parts[MANIFEST]) > MOST_MANIFEST:
        raise ArchiveBroken(
            f"{file}: there is no {MANIFEST} in it, or too large a one. Fix: an archive of ./smos tenant export"
        )
    return Read(parts, statement)


def refuse_no_archive(file: Path) -> None:
    """What needs no key: whether there is anything of age in it. Raises ArchiveBroken, before anything is started."""
    try:
        with file.open("rb") as opened_file:
            begin = opened_file.read(2 * MOST_HEADER)
    except OSError as error:
        raise ArchiveBroken(f"{file}: {error.strerror}. {_MEND}") from None
    if _OF_AGE not in begin:
        raise ArchiveBroken(f"{file}: it is no archive. Fix: a file that ./smos tenant export wrote (*{SUFFIX})")


def _content(file: Path) -> bytes:
    """All of it; not before it is known that there is room for what it may have inside."""
    try:
        size, free = file.stat().st_size, psutil.virtual_memory().available
        if size * TIMES_IN_MEMORY > free:
            why = f"it has {size} bytes: opening it takes {size * TIMES_IN_MEMORY} of memory, and {free} are free"
            raise ArchiveBroken(f"{file}: {why}. Fix: a machine with more memory")
        return raw(file, _MEND.removeprefix("Fix: "))
    except Damaged as error:
        raise ArchiveBroken(str(error)) from None
    except OSError as error:
        raise ArchiveBroken(f"{file}: {error.strerror}. {_MEND}") from None


def _from_whom(file: Path, content: bytes, ours: str, trust: str) -> tuple[Statement | None, memoryview]:
    """The statement, where this keyring signed it, and what age opens."""
    try:
        return opened(content, "archive", [ours])
    except SignatureRefused as refused:
        if not trust:
            raise ArchiveBroken(f"{file}: {refused}. {_TRUST}") from None
        if trust.strip().lower() != hashlib.sha256(content).hexdigest():
            raise ArchiveBroken(f"{file}: its checksum is not {trust}: it is another file. {_TRUST}") from None
        if not refused.signed:
            return None, memoryview(content)
    try:
        return None, opened(content, "archive", [signer_of(content, "archive").signer])[1]
    except SignatureRefused as refused:
        raise ArchiveBroken(f"{file}: {refused}. {_MEND}") from None
