"""How the secrets in tenants' states are encrypted: with a key in Vault where the platform has one, or the passphrase.

Each state says itself which it is. The passphrase costs every start of the engine 0.2 s of a processor (a million
rounds of PBKDF2), Vault one request. The engine reads address and token from its environment; the login behind the
token may encrypt and decrypt with that one key, and nothing else (access/states.py).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from access.states import STATES_URL
from deploy.guards import NotReady
from deploy.target import Workplace
from deploy.vault_api import VaultApi, VaultRefused
from tenants.platform import Platform
from tenants.secrets import VaultLogin

__all__ = ["PASSPHRASE", "Encryption", "encrypted_with"]

PASSPHRASE = "passphrase"  # noqa: S105 - the name of a way, not what it is
_ADDRESS, _TOKEN = "VAULT_SERVER_URL", "VAULT_SERVER_TOKEN"
_ENDING_S = 300
"""A token that is good for less is not given to another run of the engine."""


class Encryption:
    """The key of new states, and a token for it; ended by `close`. Several threads may use one."""

    def __init__(
        self, platform: Platform, login: VaultLogin | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._environment = platform.environment
        self._vault = platform.vault if login is not None else None
        self._login = login
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._ends = 0.0

    def __enter__(self) -> Encryption:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def provider(self) -> str:
        """What the engine is told of a new stack (its option --secrets-provider)."""
        return STATES_URL if self._vault is not None else PASSPHRASE

    def environ(self) -> dict[str, str]:
        """What the engine reads from its environment. Logs in when there is no token, or it ends soon."""
        if self._vault is None or self._login is None:
            return {}
        with self._lock:
            if self._clock() > self._ends - _ENDING_S:
                try:
                    api = VaultApi(self._vault.local_port)
                    self._token, good_for_s = api.log_in(self._login.role_id, self._login.secret_id)
                except VaultRefused as refused:
                    name = self._environment
                    raise NotReady(
                        f"Vault of {name} lets nobody use the key of tenants' states: {refused}. "
                        f"Mend: ./smos vault init {name} (it opens Vault, and puts the login into the keyring)"
                    ) from None
                self._ends = self._clock() + good_for_s
            return {_ADDRESS: self._vault.address, _TOKEN: self._token}

    def applied(self, place: Workplace) -> Workplace:
        """The workplace in which the engine can read and write tenants' states."""
        others = {name: value for name, value in place.environ.items() if not name.startswith("VAULT_")}
        return replace(place, environ={**others, **self.environ()})

    def readable(self, slug: str, found: Mapping[str, Any] | None) -> None:
        """Raises NotReady for a state whose key is not to be had here. `found`: the deployment."""
        used = encrypted_with(found)
        if used not in ("", PASSPHRASE, self.provider):
            raise NotReady(
                f"the secrets in the state of {slug} are encrypted with {used}, and {self._environment} has no Vault "
                "with that key. Mend: vault in smarteros:services again, ./smos up, and ./smos vault init: the key is "
                "in the keyring"
            )

    def close(self) -> None:
        """Ends the token before its time."""
        with self._lock:
            token, self._token, self._ends = self._token, "", 0.0
        if token and self._vault is not None:
            try:
                VaultApi(self._vault.local_port).log_out(token)
            except VaultRefused:
                return  # it ends by itself, within minutes


def encrypted_with(found: Mapping[str, Any] | None) -> str:
    """With what a state's secrets are encrypted: `passphrase`, the address of a key, or nothing when it is not said."""
    provider = (found or {}).get("secrets_providers") or {}
    if provider.get("type") == PASSPHRASE:
        return PASSPHRASE
    return str((provider.get("state") or {}).get("url") or "")
