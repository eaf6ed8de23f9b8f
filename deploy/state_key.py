"""The key that encrypts tenants' states is in Vault, and a copy of it in the keyring: the loss of Vault is not theirs.

Runs after the inside of Vault was declared and before anybody can log in to use the key, so that nothing is encrypted
with one that is then replaced. No key is ever thrown away: one that is replaced is kept in the keyring, too.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from access.states import STATES
from age_keyring import Keyring
from deploy.vault_api import VaultApi, VaultRefused
from kept.say import Say

__all__ = ["keep_state_key", "kept_at"]


def kept_at(stack: str) -> str:
    """Where in the keyring. Not below `<stack>/vault`, whose entries are of one Vault: this one outlives it."""
    return f"{stack}/statesKey"


def keep_state_key(api: VaultApi, keyring: Callable[[], AbstractContextManager[Keyring]], stack: str, say: Say) -> None:
    """Makes Vault's key and the keyring's copy the same. `keyring`: opens it for changes, which are saved at its end.

    The copy follows a key that has been rotated; a new Vault's key gives way to the copy.
    """
    path = kept_at(stack)
    with keyring() as open_now:
        token = open_now.get(f"{stack}/vault/rootToken")
        kept, here = open_now.find(path), api.backup_of(STATES, token)
        known, found = _versions(kept) if kept else {}, _versions(here)
        if known.items() <= found.items():
            if known and known != found:
                say("the key of tenants' states was rotated: the keyring has all its versions now")
            if known != found:
                open_now.put(path, here, replace=True)
            return
        if not found.items() <= known.items():
            open_now.put(f"{path}-until-{datetime.now(UTC):%Y%m%d-%H%M%S}", here)
    if kept:
        say("giving Vault the key of tenants' states that the keyring has")
        api.restore(STATES, kept, token)


def _versions(backup: str) -> Mapping[str, Any]:
    """Number of a version → the key of that version, as Vault keeps them."""
    try:
        keys = json.loads(base64.b64decode(backup, validate=True))["policy"]["keys"]
        return {str(number): str(one["key"]) for number, one in keys.items()}
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError):
        raise VaultRefused("the backup of a key is in a form that is not known here") from None
