"""How the secrets in tenants' states are encrypted: with a key in Vault where the platform has one, or the passphrase.

Each state says itself which it is. The passphrase costs every start of the engine 0.2 s of a processor (a million
rounds of PBKDF2), Vault one request. The engine reads address and token from its environment; the login behind the
token may encrypt and decrypt with that one key, and nothing else (access/states.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from access.states import STATES_URL
from deploy.guards import NotReady
from deploy.target import RunTarget
from tenants.platform import Platform
from tenants.secrets import VaultLogin
from tenants.vault_session import VaultSession

__all__ = ["PASSPHRASE", "Encryption", "encrypted_with"]

PASSPHRASE = "passphrase"  # noqa: S105 - the name of a way, not what it is
_ADDRESS, _TOKEN = "VAULT_SERVER_URL", "VAULT_SERVER_TOKEN"


class Encryption:
    """The key of new states, and a token for it; ended by `close`. Several threads may use one."""

    def __init__(
        self, platform: Platform, login: VaultLogin | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._environment = platform.environment
        self._vault = platform.vault if login is not None else None
        self._session: VaultSession | None = None
        if login is not None and platform.vault is not None:
            self._session = VaultSession(platform.vault.local_port, login, platform.environment, clock)

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
        if self._vault is None or self._session is None:
            return {}
        return {_ADDRESS: self._vault.address, _TOKEN: self._session.token()}

    def applied(self, place: RunTarget) -> RunTarget:
        """The run target in which the engine can read and write tenants' states."""
        others = {name: value for name, value in place.environ.items() if not name.startswith("VAULT_")}
        return replace(place, environ={**others, **self.environ()})

    def readable(self, slug: str, found: Mapping[str, Any] | None) -> None:
        """Raises NotReady for a state whose key is not to be had here. `found`: the deployment."""
        used = encrypted_with(found)
        if used not in ("", PASSPHRASE, self.provider):
            raise NotReady(
                f"the secrets in the state of {slug} are encrypted with {used}, and {self._environment} has no Vault "
                "with that key. Fix: vault in smarteros:services again, ./smos up, and ./smos vault init: the key is "
                "in the keyring"
            )

    def close(self) -> None:
        """Ends the token before its time."""
        if self._session is not None:
            self._session.close()


def encrypted_with(found: Mapping[str, Any] | None) -> str:
    """With what a state's secrets are encrypted: `passphrase`, the address of a key, or nothing when it is not said."""
    provider = (found or {}).get("secrets_providers") or {}
    if provider.get("type") == PASSPHRASE:
        return PASSPHRASE
    return str((provider.get("state") or {}).get("url") or "")
