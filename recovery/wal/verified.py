"""Every file of a whole copy against the manifest that the server sent with it: one bit that was flipped is found.

Done here, and not by pg_verifybackup: the wheel's breaks down (signal 11, PostgreSQL 18.4). The server is asked for
SHA-256 (recovery/wal/configuration.py), which is in Python; its default, CRC-32C, is not.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from kept import Damaged, raw
from recovery.wal.archive import WalArchive, WalError

__all__ = ["verified"]

_CHANGES = {"postgresql.auto.conf"}
"""What may be another (https://www.postgresql.org/docs/17/app-pgverifybackup.html)."""
_LAST = b'"Manifest-Checksum": "'


def verified(archive: WalArchive, name: str, data: Path) -> None:
    """Raises WalError for a copy that is not what the server sent. The log is none of it: it is read as it is played,
    each record with its own checksum.
    """
    try:
        why = _whats_wrong(data)
    except (OSError, ValueError, KeyError, TypeError, Damaged) as error:
        why = f"its manifest can't be read ({error})"
    if why:
        raise WalError(
            f"{archive.server}: the copy {name} is damaged: {why}. Fix: another copy, now: ./smos wal base. For a "
            f"moment before it, move {data.parent} away, and the copy before it is taken"
        )


def _whats_wrong(data: Path) -> str:
    text = raw(data / "backup_manifest", "take another copy")
    before, found, after = text.rpartition(_LAST)
    if not found or hashlib.sha256(before).hexdigest() != after[:64].decode("ascii"):
        return "its manifest is not whole"
    files: list[dict[str, Any]] = json.loads(text)["Files"]
    for one in files:
        path = (
            str(one["Path"]) if "Path" in one else bytes.fromhex(one["Encoded-Path"]).decode("utf-8", "surrogateescape")
        )
        if one["Checksum-Algorithm"] != "SHA256":
            return f"{path} has a checksum that is no SHA-256"
        if path not in _CHANGES and (why := _differs(data / path, int(one["Size"]), str(one["Checksum"]))):
            return f"{path} {why}"
    return ""


def _differs(file: Path, size: int, checksum: str) -> str:
    if not file.is_file():
        return "is missing"
    if file.stat().st_size != size:
        return f"has {file.stat().st_size} bytes, and had {size}"
    with file.open("rb") as content:
        same = hashlib.file_digest(content, "sha256").hexdigest() == checksum
    return "" if same else "has another content"
