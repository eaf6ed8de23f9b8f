"""The archive's file: a tar of named parts, encrypted to everybody who can open the keyring. Whole, or not there."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pyrage

from keyring import Identity, Recipient
from keyring.store import write_whole
from tenants.archive.manifest import ArchiveBroken

__all__ = ["MANIFEST", "SUFFIX", "read", "write"]

MANIFEST = "manifest.json"
SUFFIX = ".tar.age"


def write(file: Path, parts: Mapping[str, bytes], recipients: tuple[Recipient, ...]) -> None:
    """Writes a new archive, readable by its owner alone. The manifest comes first."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for name in sorted(parts, key=lambda one: (one != MANIFEST, one)):
            about = tarfile.TarInfo(name)
            about.size, about.mode = len(parts[name]), 0o600
            tar.addfile(about, io.BytesIO(parts[name]))
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(file, pyrage.encrypt(held.getvalue(), [one.key(file) for one in recipients]))


def read(file: Path, identity: Identity) -> dict[str, bytes]:
    """Its parts. Raises ArchiveBroken for what is no archive, or none of ours."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ArchiveBroken(f"{file}: {error.strerror}") from None
    try:
        plain = pyrage.decrypt(content, list(identity.keys))
    except pyrage.DecryptError as error:
        raise ArchiveBroken(f"{file}: it can't be decrypted with your key, or was changed ({error})") from None
    parts: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            for member in tar:
                held = tar.extractfile(member)
                if held is None or member.name in parts:
                    raise ArchiveBroken(f"{file}: {member.name} is no plain file of an archive")
                parts[member.name] = held.read()
    except tarfile.TarError as error:
        raise ArchiveBroken(f"{file}: {error}") from None
    if MANIFEST not in parts:
        raise ArchiveBroken(f"{file}: there is no {MANIFEST} in it")
    return parts
