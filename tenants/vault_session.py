"""A login to Vault that lasts as long as a run, however long that is: before a token ends, another takes its place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from deploy.guards import NotReached
from deploy.vault_api import VaultApi, VaultRefused
from tenants.secrets import VaultLogin

__all__ = ["VaultSession"]

_ENDING_S = 300
"""A token that is good for less is not handed out any more: what is begun with it must end in time."""


class VaultSession:
    """One login by AppRole at the Vault behind a port of this machine. Several threads may use it."""

    def __init__(
        self, port: int, login: VaultLogin, environment: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._port, self._login, self._environment, self._clock = port, login, environment, clock
        self._lock = threading.Lock()
        self._token = ""
        self._ends = 0.0

    @property
    def api(self) -> VaultApi:
        """Where it is logged in."""
        return VaultApi(self._port)

    def token(self) -> str:
        """A token that is good for a while. Raises NotReached when the login is refused."""
        with self._lock:
            if self._clock() > self._ends - _ENDING_S:
                try:
                    self._token, good_for_s = self.api.log_in(self._login.role_id, self._login.secret_id)
                except VaultRefused as refused:
                    name = self._environment
                    raise NotReached(
                        f"Vault of {name} refuses a login for tenants: {refused}. "
                        f"Fix: ./smos vault init {name} (it opens Vault, and puts the login into the keyring)"
                    ) from None
                self._ends = self._clock() + good_for_s
            return self._token

    def close(self) -> None:
        """Ends the token before its time."""
        with self._lock:
            token, self._token, self._ends = self._token, "", 0.0
        if token:
            try:
                self.api.log_out(token)
            except VaultRefused:
                return  # it ends by itself, within minutes
