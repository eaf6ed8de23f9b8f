"""Raft snapshots of a simulated Vault: all that its storage holds, still encrypted, in the archive of the real one.

Sources: vault/logical_system_raft.go (handleStorageRaftSnapshotRead, handleStorageRaftSnapshotWrite), vault/raft.go
(raftSnapshotRestoreCallback), hashicorp/raft-snapshot archive.go (write, read). Who may read or update the path may do
it: it is no path that wants `sudo`. A restore replaces the storage together with its seal: where the running root key
does not open what came, Vault seals itself, and the unseal keys of the Vault that was saved open it.

Not as the real one: a restore has ended when it is answered (there it goes on behind the answer).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import time
import zlib

from cryptography.exceptions import InvalidTag

from sandbox.vault.server.barrier import Barrier, VaultError, failed

__all__ = ["FORCED", "SNAPSHOT", "restored", "taken"]

SNAPSHOT, FORCED = "sys/storage/raft/snapshot", "sys/storage/raft/snapshot-force"
META, STATE, SUMS, SEALED = "meta.json", "state.bin", "SHA256SUMS", "SHA256SUMS.sealed"
_OTHER_KEYS = (
    "could not verify hash file, possibly the snapshot is using a different set of unseal keys; use the snapshot-force "
    "API to bypass this check"
)


def taken(barrier: Barrier) -> bytes:
    """The archive: a tar under gzip with the metadata, the storage, and the checksums of both, plain and sealed."""
    state = json.dumps(barrier.stored()).encode()
    about = {"Version": 1, "ID": f"bolt-snapshot-{time.time_ns()}", "Index": 1, "Term": 1, "Size": len(state)}
    meta = json.dumps(about).encode() + b"\n"
    sums = "".join(f"{_sum(content)}  {name}\n" for name, content in ((META, meta), (STATE, state))).encode()
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for name, content in ((META, meta), (STATE, state), (SUMS, sums), (SEALED, barrier.sealed_with_root(sums))):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(content), 0o600, int(time.time())
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(held.getvalue())


def restored(barrier: Barrier, archive: bytes, *, force: bool) -> None:
    """Puts the archive's storage in the place of what there is. Raises VaultError before anything has changed."""
    files = _unpacked(archive)
    if not force:
        try:
            opened = barrier.opened_with_root(files.get(SEALED, b""))
        except (InvalidTag, ValueError):
            raise VaultError(400, _OTHER_KEYS) from None
        _verify(files, opened)
    _verify(files, files.get(SUMS, b""))
    barrier.replace(json.loads(files[STATE]))


def _unpacked(archive: bytes) -> dict[str, bytes]:
    try:
        plain = gzip.decompress(archive)
    except (OSError, EOFError, zlib.error):
        raise failed("failed to decompress snapshot: gzip: invalid header or unexpected EOF") from None
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            for entry in tar:
                if entry.name not in (META, STATE, SUMS, SEALED):
                    raise failed(f'failed to read snapshot file: unexpected file "{entry.name}" in snapshot')
                content = tar.extractfile(entry)
                found[entry.name] = content.read() if content else b""
    except tarfile.TarError as error:
        raise failed(f"failed to read snapshot file: failed reading snapshot: {error}") from None
    return found


def _verify(files: dict[str, bytes], sums: bytes) -> None:
    seen: set[str] = set()
    for line in sums.decode(errors="replace").splitlines():
        wanted, _, name = line.partition("  ")
        if name not in (META, STATE):
            raise _broken(f'list missing hash for "{name}"')
        if _sum(files.get(name, b"")) != wanted:
            raise _broken(f'hash check failed for "{name}"')
        seen.add(name)
    for name in (META, STATE):
        if name not in seen:
            raise _broken(f'file missing for "{name}"')


def _broken(why: str) -> VaultError:
    return failed(f"failed to read snapshot file: failed checking integrity of snapshot: {why}")


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
