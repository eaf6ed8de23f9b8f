"""What a simulated Vault keeps, encrypted with a key that only enough shares of the root key give back.

So a Vault whose shares are lost is lost with everything in it, and after each start it is sealed.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kept import mapping, words
from sandbox.home import ANEW, write_private
from sandbox.vault.server.shamir import combine, split

__all__ = ["CLUSTER_ID", "Barrier", "VaultError", "denied", "failed"]


CLUSTER_ID = "00000000-0000-4000-8000-000000000001"


class VaultError(Exception):
    """An answer that is a refusal: the HTTP status, and what stands in `errors`; or, with `data` or `warnings`, an
    answer like another whose status says that there is nothing.
    """

    def __init__(
        self, status: int, *errors: str, data: Mapping[str, Any] | None = None, warnings: tuple[str, ...] = ()
    ) -> None:
        super().__init__("; ".join((*errors, *warnings)))
        self.status = status
        self.errors = errors
        self.data = data
        self.warnings = warnings


def denied(*more: str, first: bool = True) -> VaultError:
    """A refusal for lack of rights, in the words of the real one. `first=False`: in these words alone."""
    if not first:
        return VaultError(403, *more)
    reasons = ("permission denied", *more)
    count = "1 error" if len(reasons) == 1 else f"{len(reasons)} errors"
    return VaultError(403, f"{count} occurred:\n\t* " + "\n\t* ".join(reasons) + "\n\n")


def failed(reason: str) -> VaultError:
    """An error that the real one's code returns without an answer: a server's error to the client."""
    return VaultError(500, f"1 error occurred:\n\t* {reason}\n\n")


class Barrier:
    """The storage of one Vault, and its seal.

    Each table of `state` is a file of its own, and each mount's data: a write costs what it changes, not all there is.
    """

    def __init__(self, folder: Path) -> None:
        self._seal_file = folder / "seal.json"
        self._parts = folder / "parts"
        self._whole = folder / "data"  # of a sandbox of an older version
        self._key: bytes | None = None
        self._root: bytes | None = None
        self._given: list[bytes] = []
        self._nonce = ""
        self.state: dict[str, Any] = {}
        """Everything; empty while sealed."""

    @property
    def initialized(self) -> bool:
        """Whether it has a key at all."""
        return self._seal_file.exists()

    @property
    def sealed(self) -> bool:
        """Whether its key is not in memory."""
        return self._key is None

    def status(self) -> dict[str, Any]:
        """Whether it is initialised and sealed, as sys/seal-status answers."""
        seal = self._seal() if self.initialized else {"shares": 0, "threshold": 0}
        return {
            "type": "shamir",
            "initialized": self.initialized,
            "sealed": self.sealed,
            "t": seal["threshold"],
            "n": seal["shares"],
            "progress": len(self._given),
            "nonce": self._nonce,
            "version": "1.21.0",
            "build_date": "2025-10-21T00:00:00Z",
            "migration": False,
            "recovery_seal": False,
            "storage_type": "raft",
            **({} if self.sealed else {"cluster_name": "vault-cluster-sandbox", "cluster_id": CLUSTER_ID}),
            # Told by an open one alone (vault/logical_system.go, SealStatusResponse: omitempty; set once unsealed).
            **({"cluster_id": seal["cluster_id"]} if not self.sealed and "cluster_id" in seal else {}),
        }

    def initialize(self, shares: int, threshold: int, state: dict[str, Any]) -> list[bytes]:
        """Makes the keys and answers the shares of the root key; the Vault stays sealed."""
        if self.initialized:
            raise VaultError(400, "Vault is already initialized")
        problem = _problem(shares, threshold)
        if problem:
            raise VaultError(400, f"invalid seal configuration: {problem}")
        root, key = secrets.token_bytes(32), AESGCM.generate_key(256)
        self._write(key, state, _parts_of(state))
        content = {"shares": shares, "threshold": threshold, "keyring": _encrypted(root, key)}
        content["cluster_id"] = str(uuid.uuid4())
        write_private(self._seal_file, json.dumps(content))
        return split(root, shares, threshold)

    def unseal(self, share: str) -> None:
        """Takes one share. With enough of them the Vault opens; if they are wrong, it is as if none had been given."""
        if not self.initialized:
            raise VaultError(400, "Vault is not initialized")
        given = _decoded(share)
        if not self.sealed or given in self._given:
            return
        self._nonce = self._nonce or secrets.token_hex(16)
        self._given.append(given)
        seal = self._seal()
        if len(self._given) < seal["threshold"]:
            return
        shares, self._given, self._nonce = self._given, [], ""
        try:
            root = combine(shares)
            key = _decrypted(root, seal["keyring"])
        except (InvalidTag, ValueError, IndexError):
            raise VaultError(
                400, "failed to decrypt keys from storage: invalid key: cipher: message authentication failed"
            ) from None
        self.state = self._read(key)
        self._key, self._root = key, root

    def reset(self) -> None:
        """Forgets the shares that were given so far."""
        self._given, self._nonce = [], ""

    def seal(self) -> None:
        """Seals Vault: forgets the key with which its storage is read."""
        self._key, self._root, self.state = None, None, {}

    # -- snapshots -----------------------------------------------------------------------------------------------------

    def stored(self) -> dict[str, str]:
        """Every file of the storage as it lies there: encrypted, its seal with it."""
        files = {file.name: words(file, ANEW) for file in sorted(self._parts.iterdir())}
        return {**{f"parts/{name}": text for name, text in files.items()}, "seal": words(self._seal_file, ANEW)}

    def sealed_with_root(self, content: bytes) -> bytes:
        """Encrypted so that only a Vault of the same unseal keys opens it."""
        return _encrypted(self._opened_root(), content).encode()

    def opened_with_root(self, content: bytes) -> bytes:
        """The other way round. Raises InvalidTag, or ValueError for what is no such text."""
        return _decrypted(self._opened_root(), content.decode())

    def replace(self, stored: Mapping[str, str]) -> None:
        """Another storage, its seal with it, in the place of this one. Sealed afterwards where other keys open it."""
        wanted = {name.removeprefix("parts/"): text for name, text in stored.items() if name.startswith("parts/")}
        for file in self._parts.iterdir():
            if file.name not in wanted:
                file.unlink()
        for name, text in wanted.items():
            write_private(self._parts / name, text)
        write_private(self._seal_file, stored["seal"])
        try:
            key = _decrypted(self._opened_root(), self._seal()["keyring"])
        except InvalidTag:
            self.seal()
            return
        self._key, self.state = key, self._read(key)

    def _opened_root(self) -> bytes:
        if self._root is None:
            raise VaultError(503, "Vault is sealed")
        return self._root

    def keep(self, *parts: str) -> None:
        """Writes what is in `state`: these parts of it (a table's name, or `data/` and a mount's), or everything."""
        if self._key is not None:
            self._write(self._key, self.state, parts or _parts_of(self.state))

    def _write(self, key: bytes, state: Mapping[str, Any], parts: Iterable[str]) -> None:
        for part in parts:
            table, _, mount = part.partition("/")
            file = self._parts / part.replace("/", "-")
            if mount and mount not in state[table]:
                file.unlink(missing_ok=True)  # its mount has gone
                continue
            content = state[table][mount] if mount else state[table]
            write_private(file, _encrypted(key, json.dumps(content).encode()))

    def _read(self, key: bytes) -> dict[str, Any]:
        """Everything. Raises InvalidTag with a wrong key."""
        if self._whole.exists():
            state: dict[str, Any] = json.loads(_decrypted(key, words(self._whole, ANEW)))
            self._write(key, state, _parts_of(state))
            self._whole.unlink()
            return state
        state = {"data": {}}
        for file in self._parts.iterdir():
            table, _, mount = file.name.partition("-")
            content = json.loads(_decrypted(key, words(file, ANEW)))
            if mount:
                state[table][mount] = content
            else:
                state[table] = content
        return state

    def _seal(self) -> dict[str, Any]:
        return mapping(self._seal_file, ANEW)


def _parts_of(state: Mapping[str, Any]) -> list[str]:
    return [*(table for table in state if table != "data"), *(f"data/{mount}" for mount in state["data"])]


def _problem(shares: int, threshold: int) -> str:
    if not 1 <= shares <= 255:
        return "shares must be between 1 and 255"
    if not 1 <= threshold <= shares:
        return "threshold cannot be larger than shares" if threshold > shares else "threshold must be at least one"
    return "threshold must be greater than one for multiple shares" if shares > 1 and threshold == 1 else ""


def _decoded(share: str) -> bytes:
    try:
        return bytes.fromhex(share)
    except ValueError:
        pass
    try:
        return base64.b64decode(share, validate=True)
    except (binascii.Error, ValueError):
        raise VaultError(400, "'key' must be a valid hex or base64 string") from None


def _encrypted(key: bytes, content: bytes) -> str:
    nonce = secrets.token_bytes(12)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, content, None)).decode()


def _decrypted(key: bytes, text: str) -> bytes:
    raw = base64.b64decode(text)
    return AESGCM(key).decrypt(raw[:12], raw[12:], None)
