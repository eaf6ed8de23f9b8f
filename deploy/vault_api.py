"""The few requests that open a Vault: state, initialise, unseal; a login, and the copy of a key. What is in it is
declared by the stack `access`.

Speaks HTTP to the near end of an SSH forward; no token and no key is ever part of an error.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kept.operator_error import OperatorError

__all__ = ["Keys", "SealStatus", "VaultApi", "VaultRefused"]

TIMEOUT_S = 30
WAIT_S = 60
MOST_BYTES = 64 * 1024 * 1024
"""Of an answer: Vault takes no request above 32 MB."""


class VaultRefused(OperatorError):
    """Vault did not answer, or refused; the text says what, in its own words."""

    def __init__(self, said: str, status: int = 0) -> None:
        super().__init__(said)
        self.status = status
        """Of HTTP; 0 when nobody answered."""


@dataclass(frozen=True)
class SealStatus:
    """Whether it has keys, and whether it is open."""

    initialized: bool
    sealed: bool
    threshold: int
    shares: int
    version: str
    cluster_id: str = ""
    """Which Vault it is: made with its keys, and told by one that is open."""


@dataclass(frozen=True)
class Keys:
    """What an initialisation gives, once."""

    shares: Sequence[str]
    root_token: str

    def __repr__(self) -> str:
        return f"Keys({len(self.shares)} shares)"


class VaultApi:
    """One Vault, at a port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    def status(self) -> SealStatus:
        """Asks; waits for one that is just starting. Raises VaultRefused when nobody answers."""
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                found = self.ask("GET", "sys/seal-status")
                break
            except VaultRefused:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
        return SealStatus(
            bool(found["initialized"]),
            bool(found["sealed"]),
            int(found["t"]),
            int(found["n"]),
            str(found.get("version", "")),
            str(found.get("cluster_id", "")),
        )

    def initialize(self, shares: int, threshold: int) -> Keys:
        """Makes its keys: they are told this once and never again."""
        found = self.ask("PUT", "sys/init", {"secret_shares": shares, "secret_threshold": threshold})
        return Keys(tuple(found["keys_base64"]), str(found["root_token"]))

    def unseal(self, shares: Sequence[str]) -> None:
        """Gives shares until it is open, and waits until it works. Raises VaultRefused when they do not open it."""
        self.ask("PUT", "sys/unseal", {"reset": True})
        for share in shares:
            if not self.ask("PUT", "sys/unseal", {"key": share})["sealed"]:
                self._wait_until_active()
                return
        raise VaultRefused(f"it is still sealed after {len(shares)} keys of the keyring: it takes more of them")

    def log_in(self, role_id: str, secret_id: str) -> tuple[str, int]:
        """An AppRole login: the token, and for how many seconds it is good."""
        found = self.ask("POST", "auth/approle/login", {"role_id": role_id, "secret_id": secret_id})["auth"]
        return str(found["client_token"]), int(found["lease_duration"])

    def log_out(self, token: str) -> None:
        """Revokes a token, so that nobody can use it any more."""
        self.ask("POST", "auth/token/revoke-self", {}, token)

    def backup_of(self, key: str, token: str) -> str:
        """A key of transit with all its versions, in plain: for the keyring alone."""
        return str(self.ask("GET", f"transit/backup/{key}", None, token)["data"]["backup"])

    def restore(self, key: str, backup: str, token: str) -> None:
        """Puts such a copy in the place of the key of that name."""
        self.ask("POST", f"transit/restore/{key}", {"backup": backup, "force": True}, token)

    def _wait_until_active(self) -> None:
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            try:
                self.ask("GET", "sys/health")
                return
            except VaultRefused:
                time.sleep(0.5)
        raise VaultRefused("it is open, and does not become active: its log says why (docker logs)")

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, token: str = "") -> dict[str, Any]:
        """One request below /v1. Raises VaultRefused."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        headers = {"X-Vault-Token": token} if token else {}
        try:
            connection.request(method, f"/v1/{path}", json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            content = answer.read(MOST_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise VaultRefused(f"nobody answers at 127.0.0.1:{self._port} ({type(error).__name__})") from None
        finally:
            connection.close()
        try:
            found: Any = json.loads(content) if content.strip() else {}
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or len(content) > MOST_BYTES:
            raise VaultRefused(f"what answers at 127.0.0.1:{self._port} is no Vault") from None
        if answer.status >= 400:
            said = "; ".join(map(str, _list(found.get("errors")))) or f"{path}: status {answer.status}"
            raise VaultRefused(said, answer.status)
        return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
