"""The transit engine of a simulated Vault: codes and encryption with keys that leave only as an allowed backup."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sandbox.vault.server import key_copy as vault_key_copy
from sandbox.vault.server.barrier import VaultError
from sandbox.vault.server.core import Call
from sandbox.vault.server.key_value import listed, unsupported

__all__ = ["KEY_TYPES", "ROTATION", "Transit"]

ALGORITHMS = {f"sha2-{bits}": getattr(hashlib, f"sha{bits}") for bits in (224, 256, 384, 512)}
KEY_TYPES = {"aes128-gcm96": 16, "aes256-gcm96": 32, "hmac": 32}
ROTATION = "auto rotate period must be 0 to disable or at least an hour"


class Transit:
    """Keys that leave only as a backup that was allowed: codes of data, and encryption. One version, unless rotated."""

    def exists(self, call: Call) -> bool | None:
        """Only for encryption does Vault tell a new key from an old one."""
        kind, _, name = call.path.partition("/")
        return name in call.store if kind == "encrypt" else None

    def handle(self, call: Call) -> dict[str, Any] | None:
        """By the first words of the path."""
        kind, _, rest = call.path.partition("/")
        name, _, more = rest.partition("/")
        if kind == "keys" and call.operation == "list":
            return listed(list(call.store), "")
        if kind == "keys":
            return self._keys(call, name, more)
        if kind == "backup" and call.operation == "read":
            return vault_key_copy.backup(call.store, name)
        if kind == "restore" and call.operation == "update":
            vault_key_copy.restore(call.store, name, call.data)
            return None
        acts: dict[str, Callable[[Call, dict[str, Any], str], dict[str, Any]]] = {
            **{"hmac": self._hmac, "verify": self._verify, "encrypt": self._encrypt, "decrypt": self._decrypt},
        }
        if kind not in acts:
            raise VaultError(404, "1 error occurred:\n\t* unsupported path\n\n")
        if call.operation not in ("create", "update"):
            raise unsupported()
        key = call.store.get(name)
        if key is None:
            raise VaultError(400, "encryption key not found")
        return acts[kind](call, key, more or str(call.data.get("algorithm") or "sha2-256"))

    def _keys(self, call: Call, name: str, more: str) -> dict[str, Any] | None:
        key: dict[str, Any] | None = call.store.get(name)
        if more == "config" and call.operation == "update":
            if key is None:
                raise VaultError(400, f"no existing key named {name} could be found")
            return {"data": _shown(name, _configured(call.data, key))}
        if more == "rotate" and call.operation == "update":
            if key is None:
                raise VaultError(400, "key not found")
            key["versions"].append(secrets.token_hex(KEY_TYPES[key["type"]]))
            return {"data": _shown(name, key)}
        if more or call.operation not in ("read", "delete", "create", "update"):
            raise unsupported()
        if call.operation == "read":
            if key is None:
                raise VaultError(404)
            return {"data": _shown(name, key)}
        if call.operation == "delete":
            return self._remove(call, name, key)
        made = key or self._create(call, name)
        return {"data": _shown(name, made)}

    @staticmethod
    def _remove(call: Call, name: str, key: dict[str, Any] | None) -> None:
        if key is None:
            raise VaultError(400, f"error deleting policy {name}: could not delete key; not found")
        if not key["deletion_allowed"]:
            raise VaultError(400, f"error deleting policy {name}: deletion is not allowed for this key")
        del call.store[name]

    def _create(self, call: Call, name: str) -> dict[str, Any]:
        kind = str(call.data.get("type") or "aes256-gcm96")
        size, period = int(call.data.get("key_size") or 0), _period(call.data)
        if call.data.get("derived") or call.data.get("convergent_encryption"):
            raise VaultError(400, "derived keys are not simulated")
        if kind not in KEY_TYPES:
            raise VaultError(400, f"unknown key type {kind}")
        if size and kind != "hmac":
            raise VaultError(400, f"key_size is not valid for algorithm {kind}")
        if size and not 32 <= size <= 512:
            raise VaultError(400, f"invalid key_size {size}")
        call.store[name] = {
            "type": kind,
            "versions": [secrets.token_hex(size or KEY_TYPES[kind])],
            "min_decryption_version": 1,
            "min_encryption_version": 0,
            "deletion_allowed": False,
            "exportable": bool(call.data.get("exportable", False)),
            "allow_plaintext_backup": bool(call.data.get("allow_plaintext_backup", False)),
            "auto_rotate_period": period,
            "derived": False,
        }
        return dict(call.store[name])

    def _hmac(self, call: Call, key: dict[str, Any], algorithm: str) -> dict[str, Any]:
        number = len(key["versions"])
        return {"data": {"hmac": f"vault:v{number}:{_code(key, number, algorithm, call.data)}"}}

    def _verify(self, call: Call, key: dict[str, Any], algorithm: str) -> dict[str, Any]:
        number, given = _parts(str(call.data.get("hmac", "")), key)
        return {"data": {"valid": hmac.compare_digest(_code(key, number, algorithm, call.data), given)}}

    def _encrypt(self, call: Call, key: dict[str, Any], _algorithm: str) -> dict[str, Any]:
        number, nonce = len(key["versions"]), secrets.token_bytes(12)
        sealed = nonce + _cipher(key, number).encrypt(nonce, _bytes(call.data.get("plaintext"), "plaintext"), None)
        return {"data": {"ciphertext": f"vault:v{number}:{base64.b64encode(sealed).decode()}", "key_version": number}}

    def _decrypt(self, call: Call, key: dict[str, Any], _algorithm: str) -> dict[str, Any]:
        number, text = _parts(str(call.data.get("ciphertext", "")), key)
        sealed = _bytes(text, "ciphertext")
        try:
            plain = _cipher(key, number).decrypt(sealed[:12], sealed[12:], None)
        except (InvalidTag, ValueError):
            raise VaultError(400, "cipher: message authentication failed") from None
        return {"data": {"plaintext": base64.b64encode(plain).decode()}}


def _period(data: Mapping[str, Any]) -> int:
    period = int(data.get("auto_rotate_period") or 0)
    if period < 0:
        why = f"cannot provide negative value '{period}'"
        raise VaultError(400, f'Field validation failed: error converting input for field "auto_rotate_period": {why}')
    if 0 < period < 3600:
        raise VaultError(400, ROTATION)
    return period


def _configured(data: Mapping[str, Any], key: dict[str, Any]) -> dict[str, Any]:
    """The key as it is wanted, when it may be so (builtin/logical/transit/path_keys_config.go)."""
    latest, new = len(key["versions"]), dict(key)
    for name, what in (("min_decryption_version", "decryption"), ("min_encryption_version", "encryption")):
        wanted = int(data.get(name, key[name]))
        if wanted < 0:
            raise VaultError(400, f"min {what} version cannot be negative")
        if wanted > latest and wanted != key[name]:
            raise VaultError(400, f"cannot set min {what} version of {wanted}, latest key version is {latest}")
        new[name] = wanted or (1 if what == "decryption" else 0)
    low, least = new["min_encryption_version"], new["min_decryption_version"]
    if 0 < low < least:
        raise VaultError(
            400,
            f"cannot set min encryption/decryption values; min encryption version of {low} must be greater than or"
            f" equal to min decryption version of {least}",
        )
    if "auto_rotate_period" in data:
        new["auto_rotate_period"] = _period(data)
    new["deletion_allowed"] = bool(data.get("deletion_allowed", key["deletion_allowed"]))
    for name in ("exportable", "allow_plaintext_backup"):  # once given, it is never taken back
        new[name] = key[name] or bool(data.get(name))
    key.update(new)
    return key


def _shown(name: str, key: dict[str, Any]) -> dict[str, Any]:
    """A key as it is read: everything but the key."""
    codes = key["type"] == "hmac"
    size = {"key_size": len(key["versions"][-1]) // 2} if codes else {}
    return {
        **{one: value for one, value in key.items() if one != "versions"},
        **size,
        "name": name,
        "imported_key": False,
        **({} if codes else {"keys": {str(number): int(time.time()) for number in range(1, len(key["versions"]) + 1)}}),
        "latest_version": len(key["versions"]),
        "min_available_version": 0,
        "supports_encryption": not codes,
        "supports_decryption": not codes,
        "supports_derivation": not codes,
        "supports_signing": False,
    }


def _cipher(key: dict[str, Any], number: int) -> AESGCM:
    if key["type"] == "hmac":
        raise VaultError(400, "key type hmac does not support encryption")
    return AESGCM(bytes.fromhex(key["versions"][number - 1]))


def _code(key: dict[str, Any], number: int, algorithm: str, data: Mapping[str, Any]) -> str:
    if algorithm not in ALGORITHMS:
        raise VaultError(400, f"unsupported algorithm {algorithm}")
    secret = bytes.fromhex(key["versions"][number - 1])
    made = hmac.new(secret, _bytes(data.get("input"), "input"), ALGORITHMS[algorithm])
    return base64.b64encode(made.digest()).decode()


def _parts(text: str, key: dict[str, Any]) -> tuple[int, str]:
    words = text.split(":")
    if len(words) != 3 or words[0] != "vault" or not words[1].removeprefix("v").isdigit():
        raise VaultError(400, "invalid prefix: expected vault:v<version>:")
    number = int(words[1].removeprefix("v"))
    if not max(1, key["min_decryption_version"]) <= number <= len(key["versions"]):
        raise VaultError(400, "the version is disallowed by policy (too old or too new)")
    return number, words[2]


def _bytes(value: Any, what: str) -> bytes:
    try:
        return base64.b64decode(str(value or ""), validate=True)
    except (binascii.Error, ValueError):
        raise VaultError(400, f"unable to decode {what} as base64") from None
