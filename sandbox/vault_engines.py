"""The secrets engines of a simulated Vault: key/value with versions, and transit for codes and encryption."""

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

from sandbox import vault_key_copy
from sandbox.vault_barrier import VaultError
from sandbox.vault_core import Call

__all__ = ["KeyValue", "Transit", "unsupported"]

ALGORITHMS = {f"sha2-{bits}": getattr(hashlib, f"sha{bits}") for bits in (224, 256, 384, 512)}
KEY_TYPES = {"aes128-gcm96": 16, "aes256-gcm96": 32, "hmac": 32}


def unsupported() -> VaultError:
    """A path or a method that the engine does not know."""
    return VaultError(405, "1 error occurred:\n\t* unsupported operation\n\n")


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _listed(names: list[str], prefix: str) -> dict[str, Any]:
    """The next segments below a prefix; folders end in a slash."""
    below = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    keys = sorted({one.partition("/")[0] + ("/" if "/" in one else "") for one in below})
    if not keys:
        raise VaultError(404)
    return {"data": {"keys": keys}}


class KeyValue:
    """Version 2 of the key/value engine. Versions are neither destroyed nor brought back one by one."""

    def exists(self, call: Call) -> bool | None:
        """A secret, or what is said of one, is created where there is none."""
        kind, _, name = call.path.partition("/")
        if kind not in ("data", "metadata"):
            return None
        found = _secrets(call).get(name)
        return found is not None and (kind == "metadata" or bool(found["versions"]))

    def handle(self, call: Call) -> dict[str, Any] | None:
        """By the first word of the path."""
        kind, _, name = call.path.partition("/")
        if kind == "config":
            return self._config(call)
        if kind not in ("data", "metadata"):
            raise VaultError(
                404,
                "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints "
                "to use. If using the Vault CLI, use 'vault kv get' for this operation.",
            )
        if kind == "metadata" and call.operation == "list":
            return _listed(list(_secrets(call)), name)
        acts: dict[tuple[str, str], Callable[[Call, str], dict[str, Any] | None]] = {
            ("data", "read"): self._read,
            ("data", "create"): self._write,
            ("data", "update"): self._write,
            ("data", "delete"): self._delete,
            ("metadata", "read"): self._read_about,
            ("metadata", "create"): self._write_about,
            ("metadata", "update"): self._write_about,
            ("metadata", "delete"): self._forget,
        }
        act = acts.get((kind, call.operation))
        if act is None or not name:
            raise unsupported()
        return act(call, name)

    def _config(self, call: Call) -> dict[str, Any] | None:
        config = call.store.setdefault("config", {"max_versions": 0, "cas_required": False})
        if call.operation == "read":
            return {"data": {**config, "delete_version_after": "0s"}}
        config.update({name: value for name, value in call.data.items() if name in config})
        return None

    def _read(self, call: Call, name: str) -> dict[str, Any]:
        secret = _secrets(call).get(name)
        if secret is None or not secret["versions"]:
            raise VaultError(404)
        number = str(int(call.data.get("version") or 0) or secret["current_version"])
        version = secret["versions"].get(number)
        if version is None:
            raise VaultError(404)
        about = {**version["metadata"], "custom_metadata": secret["custom_metadata"], "version": int(number)}
        answer = {"data": {"data": version["data"], "metadata": about}}
        if version["metadata"]["deletion_time"]:
            raise VaultError(404)
        return answer

    def _write(self, call: Call, name: str) -> dict[str, Any]:
        if not isinstance(call.data.get("data"), Mapping):
            raise VaultError(400, "no data provided")
        secret = _secrets(call).get(name) or _empty()
        options = call.data.get("options") or {}
        cas = options.get("cas")
        if cas is None and (secret["cas_required"] or call.store.get("config", {}).get("cas_required")):
            raise VaultError(400, "check-and-set parameter required for this call")
        if cas is not None and int(cas) != secret["current_version"]:
            raise VaultError(400, "check-and-set parameter did not match the current version")
        number = secret["current_version"] + 1
        about = {"created_time": _now(), "deletion_time": "", "destroyed": False}
        secret["versions"][str(number)] = {"data": dict(call.data["data"]), "metadata": about}
        secret["current_version"], secret["updated_time"] = number, _now()
        kept = secret["max_versions"] or call.store.get("config", {}).get("max_versions") or 10
        for old in sorted(secret["versions"], key=int)[:-kept]:
            del secret["versions"][old]
        _secrets(call)[name] = secret
        return {"data": {**about, "custom_metadata": secret["custom_metadata"], "version": number}}

    def _delete(self, call: Call, name: str) -> None:
        secret = _secrets(call).get(name)
        if secret is not None and secret["versions"]:
            secret["versions"][str(secret["current_version"])]["metadata"]["deletion_time"] = _now()

    def _read_about(self, call: Call, name: str) -> dict[str, Any]:
        secret = _secrets(call).get(name)
        if secret is None:
            raise VaultError(404)
        versions = {number: one["metadata"] for number, one in secret["versions"].items()}
        return {"data": {**secret, "versions": versions, "delete_version_after": "0s"}}

    def _write_about(self, call: Call, name: str) -> None:
        secret = _secrets(call).setdefault(name, _empty())
        for key in ("max_versions", "cas_required", "custom_metadata"):
            if key in call.data:
                secret[key] = call.data[key]

    def _forget(self, call: Call, name: str) -> None:
        _secrets(call).pop(name, None)


def _secrets(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = call.store.setdefault("secrets", {})
    return found


def _empty() -> dict[str, Any]:
    return {
        "versions": {},
        "current_version": 0,
        "oldest_version": 0,
        "created_time": _now(),
        "updated_time": _now(),
        "max_versions": 0,
        "cas_required": False,
        "custom_metadata": None,
    }


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
            return _listed(list(call.store), "")
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
        if kind not in acts or call.operation not in ("create", "update"):
            raise unsupported()
        key = call.store.get(name)
        if key is None:
            raise VaultError(400, "encryption key not found")
        return acts[kind](call, key, more or str(call.data.get("algorithm") or "sha2-256"))

    def _keys(self, call: Call, name: str, more: str) -> dict[str, Any] | None:
        key: dict[str, Any] | None = call.store.get(name)
        if more in ("config", "rotate") and key is None:
            raise VaultError(400, f"no existing key named {name} could be found")
        if more == "config" and key is not None:
            key.update({one: value for one, value in call.data.items() if one in key and one != "versions"})
            return None
        if more == "rotate" and key is not None:
            key["versions"].append(secrets.token_hex(KEY_TYPES[key["type"]]))
            return None
        if call.operation == "read":
            if key is None:
                raise VaultError(404)
            return {"data": _shown(name, key)}
        if call.operation == "delete":
            if key is None:
                raise VaultError(400, f"could not delete key {name}; not found")
            if not key["deletion_allowed"]:
                raise VaultError(400, "error deleting policy " + name + ": deletion is not allowed for this key")
            del call.store[name]
            return None
        if key is None:
            self._create(call, name)
        return None

    def _create(self, call: Call, name: str) -> None:
        kind = str(call.data.get("type") or "aes256-gcm96")
        size = int(call.data.get("key_size") or 0)
        if kind not in KEY_TYPES:
            raise VaultError(400, f"unknown key type {kind} (simulated: {', '.join(KEY_TYPES)})")
        if size and (kind != "hmac" or not 32 <= size <= 512):
            raise VaultError(400, "key_size is only valid for algorithms that support variable key sizes, 32 to 512")
        call.store[name] = {
            "type": kind,
            "versions": [secrets.token_hex(size or KEY_TYPES[kind])],
            "min_decryption_version": 1,
            "min_encryption_version": 0,
            "deletion_allowed": False,
            "exportable": bool(call.data.get("exportable", False)),
            "allow_plaintext_backup": False,
            "auto_rotate_period": 0,
            "derived": False,
        }

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


def _shown(name: str, key: dict[str, Any]) -> dict[str, Any]:
    """A key as it is read: everything but the key."""
    codes = key["type"] == "hmac"
    return {
        **{one: value for one, value in key.items() if one != "versions"},
        "name": name,
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
