"""Backup and restoration of a key of a simulated transit engine, in the form of the real one: JSON in base64.

Sources: Vault's API documentation (secret/transit, "Backup key" and "Restore key"), its files
builtin/logical/transit/path_restore.go and sdk/helper/keysutil (Policy.Backup, LockManager.RestorePolicy).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from sandbox.vault.server.barrier import VaultError

__all__ = ["backup", "restore"]

AES256_GCM96 = 0
"""How the real one numbers the kind; the others are not simulated here."""
_KEPT = ("min_decryption_version", "min_encryption_version", "deletion_allowed", "exportable", "allow_plaintext_backup")


def backup(keys: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The key in plain, with all its versions: only of one that allows it."""
    key = keys.get(name)
    if key is None:
        raise VaultError(500, f"1 error occurred:\n\t* key {name!r} not found\n\n")
    if not key["exportable"]:
        raise VaultError(500, "1 error occurred:\n\t* exporting is disallowed on the policy\n\n")
    if not key["allow_plaintext_backup"]:
        raise VaultError(500, "1 error occurred:\n\t* plaintext backup is disallowed on the policy\n\n")
    if key["type"] != "aes256-gcm96":
        raise VaultError(501, f"a backup of a key of type {key['type']} is not simulated: aes256-gcm96 is")
    versions = {
        str(number): {"key": base64.b64encode(bytes.fromhex(text)).decode()}
        for number, text in enumerate(key["versions"], 1)
    }
    policy = {
        "name": name,
        "keys": versions,
        "type": AES256_GCM96,
        "latest_version": len(versions),
        **{one: key[one] for one in _KEPT},
    }
    text = json.dumps({"policy": policy, "archived_keys": {"keys": [None, *versions.values()]}})
    return {"data": {"backup": base64.b64encode(text.encode()).decode()}}


def restore(keys: dict[str, Any], name: str, data: Mapping[str, Any]) -> None:
    """Puts a backup back, under its own name or another; over an existing key only by force."""
    given = str(data.get("backup") or "")
    if not given:
        raise VaultError(400, "'backup' must be supplied")
    try:
        policy = json.loads(base64.b64decode(given, validate=True))["policy"]
        versions = [base64.b64decode(policy["keys"][str(one + 1)]["key"]).hex() for one in range(len(policy["keys"]))]
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise VaultError(500, "1 error occurred:\n\t* the backup can't be decoded\n\n") from None
    name = name or str(policy["name"])
    if name in keys and not data.get("force"):
        raise VaultError(500, f"1 error occurred:\n\t* key {name!r} already exists\n\n")
    keys[name] = {
        "type": "aes256-gcm96",
        "versions": versions,
        **{one: policy[one] for one in _KEPT},
        "auto_rotate_period": 0,
        "derived": False,
    }
