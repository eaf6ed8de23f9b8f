"""Raft snapshots of a Vault, by the near end of an SSH forward: taken into a file, and put in place of what it holds.

A snapshot holds everything, encrypted as it is in Vault's own storage: without the unseal keys of the Vault that was
saved it is nothing. Into a new Vault it goes by force, since that one's keys are others; Vault seals itself then, and
the *original* unseal keys open it (hashicorp/vault, vault/logical_system_raft.go, handleStorageRaftSnapshotWrite;
vault/raft.go, raftSnapshotRestoreCallback). Of a Vault whose storage is not raft there is none.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import tarfile
import time
import zlib
from pathlib import Path

from deploy.vault_api import WAIT_S, SealStatus, VaultApi, VaultRefused

__all__ = ["NOT_RAFT", "broken", "put_back", "take"]

NOT_RAFT = "raft storage is not in use"
"""Vault's words for it (vault/logical_system_raft.go)."""
TIMEOUT_S = 600
BLOCK = 1 << 20
MOST_BYTES = 4 << 30
_PARTS = ("meta.json", "state.bin")


def take(port: int, token: str, file: Path) -> None:
    """Writes a snapshot into a file, which only its owner reads. Raises VaultRefused for one that is not whole: Vault
    answers 200 before it has read its storage, and what fails then ends the answer in the middle.
    """
    with file.open("xb") as target:
        file.chmod(0o600)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        try:
            connection.request("GET", "/v1/sys/storage/raft/snapshot", headers={"X-Vault-Token": token})
            answer = connection.getresponse()
            if answer.status != 200:
                raise VaultRefused(_said(answer.read(BLOCK), answer.status), answer.status)
            size = 0
            while block := answer.read(BLOCK):
                size += len(block)
                if size > MOST_BYTES:
                    raise VaultRefused(f"its snapshot is larger than {MOST_BYTES >> 30} GB")
                target.write(block)
        except (OSError, http.client.HTTPException) as error:
            raise VaultRefused(f"its snapshot broke off ({type(error).__name__})") from None
        finally:
            connection.close()
    if why := broken(file):
        raise VaultRefused(f"its snapshot is not whole: {why}")


def put_back(port: int, token: str, file: Path) -> SealStatus:
    """Puts a snapshot in the place of all that a Vault holds, whatever its keys; how it is then: sealed, where they
    were others. Vault restores behind its answer, so its end is waited for. Raises VaultRefused.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        with file.open("rb") as content:
            headers = {"X-Vault-Token": token, "Content-Length": str(file.stat().st_size)}
            connection.request("POST", "/v1/sys/storage/raft/snapshot-force", content, headers)
            answer = connection.getresponse()
            said = answer.read(BLOCK)
        if answer.status >= 300:
            raise VaultRefused(_said(said, answer.status), answer.status)
    except (OSError, http.client.HTTPException) as error:
        raise VaultRefused(f"the restore of its snapshot broke off ({type(error).__name__})") from None
    finally:
        connection.close()
    return _settled(VaultApi(port))


def broken(file: Path) -> str:
    """Why a snapshot is not whole; nothing when it is. Needs no key: the archive has the checksums of its parts
    (hashicorp/raft-snapshot, archive.go).
    """
    found: dict[str, str] = {}
    sums = ""
    try:
        with gzip.open(file) as plain, tarfile.open(fileobj=plain, mode="r|") as tar:
            for entry in tar:
                content = tar.extractfile(entry)
                if content is None or entry.name not in (*_PARTS, "SHA256SUMS", "SHA256SUMS.sealed"):
                    return f"{entry.name!r} is in it, which is no part of a snapshot"
                if entry.name == "SHA256SUMS":
                    sums = content.read(8192).decode(errors="replace")
                    continue
                checksum = hashlib.sha256()
                while block := content.read(BLOCK):
                    checksum.update(block)
                found[entry.name] = checksum.hexdigest()
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        return str(error) or type(error).__name__
    wanted = {name: checksum for checksum, _, name in (line.partition("  ") for line in sums.splitlines())}
    wrong = [name for name in _PARTS if found.get(name, "") != wanted.get(name, "missing")]
    return f"the checksum of {wrong[0]} is another" if wrong else ""


def _settled(api: VaultApi) -> SealStatus:
    """Twice the same answer, a moment apart: it may seal itself only after it has answered."""
    deadline, before = time.monotonic() + WAIT_S, None
    while time.monotonic() < deadline:
        now = api.status()
        if before is not None and now.sealed == before.sealed:
            return now
        before = now
        time.sleep(0.5)
    raise VaultRefused("it does not come to rest after the restore of its snapshot: its log says why (docker logs)")


def _said(content: bytes, status: int) -> str:
    try:
        errors = json.loads(content).get("errors") or []
    except (ValueError, AttributeError):
        errors = []
    return "; ".join(map(str, errors)) or f"status {status}"
