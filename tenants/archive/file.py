"""The archive's file: a tar of named parts, encrypted to everybody who can open the keyring. Whole, or not there."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pyrage

from kept import Damaged, raw
from keyring import Identity, Recipient
from keyring.store import write_whole
from tenants.archive.manifest import ArchiveBroken

__all__ = ["MANIFEST", "SUFFIX", "read", "write"]

MANIFEST = "manifest.json"
SUFFIX = ".tar.age"
_NAME = re.compile(r"[a-z][a-z0-9]*\.[a-z]+")
_MEND = "Mend: another copy of the archive, or the key of who was a recipient when it was made"


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
        content = raw(file, _MEND.removeprefix("Mend: "))
    except Damaged as error:
        raise ArchiveBroken(str(error)) from None
    except OSError as error:
        raise ArchiveBroken(f"{file}: {error.strerror}") from None
    try:
        plain = pyrage.decrypt(content, list(identity.keys))
    except pyrage.DecryptError as error:
        raise ArchiveBroken(f"{file}: it can't be decrypted with your key, or was changed ({error}). {_MEND}") from None
    parts: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            for member in tar:
                parts[member.name] = _content(file, tar, member, parts)
    except tarfile.TarError as error:
        raise ArchiveBroken(f"{file}: {error}. {_MEND}") from None
    if MANIFEST not in parts:
        raise ArchiveBroken(f"{file}: there is no {MANIFEST} in it. Mend: an archive of ./smos tenant export")
    return parts


def _content(file: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, parts: Mapping[str, bytes]) -> bytes:
    """Of a plain file with a plain name: nothing of it becomes a path here, and nothing else belongs in an archive."""
    if not member.isreg() or not _NAME.fullmatch(member.name):
        raise ArchiveBroken(f"{file}: {member.name!r} in it is no plain file of an archive. {_MEND}")
    if member.name in parts:
        raise ArchiveBroken(f"{file}: {member.name} is in it twice. {_MEND}")
    held = tar.extractfile(member)
    return held.read() if held is not None else b""
