"""What is inside an open Vault, as checksums: mounts, logins, policies, secrets, keys. No value of any is told.

Read with a root token, which sees everything. The tokens and leases are not in it: they end by themselves.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from deploy.vault_api import VaultApi, VaultRefused
from recovery.manifest import Digests

__all__ = ["inside"]

MOST_REQUESTS = 50_000
WORDS = base64.b64encode(b"smarteros recovery").decode()
_OWN = ("cubbyhole/", "identity/", "sys/", "agent-registry/")
"""Mounts that every Vault has by itself, which hold nothing of ours."""


def inside(api: VaultApi, token: str) -> Digests:
    """Of each mount its kind and what it holds; of logins and policies all. Raises VaultRefused."""
    asked = _Asked(api, token)
    contents: dict[str, str] = {}
    rows: dict[str, int] = {}
    for path, about in sorted(_table(asked.get("sys/mounts")).items()):
        if path in _OWN:
            continue
        found = dict(_held(asked, path, about))
        rows[f"mount {path}"] = len(found)
        contents[f"mount {path}"] = _digest([about.get("type"), about.get("options"), sorted(found.items())])
    for path, about in sorted(_table(asked.get("sys/auth")).items()):
        roles = asked.names(f"auth/{path}role") if about.get("type") == "approle" else []
        known = [[role, asked.get(f"auth/{path}role/{quote(role)}/role-id")["data"]["role_id"]] for role in roles]
        contents[f"login {path}"] = _digest([about.get("type"), known])
        rows[f"login {path}"] = len(roles)
    for name in asked.names("sys/policies/acl"):
        if name != "root":
            contents[f"policy {name}"] = _digest(asked.get(f"sys/policies/acl/{quote(name)}")["data"]["policy"])
    return Digests(rows=rows, contents=contents)


class _Asked:
    """Questions to one Vault, of which there are not too many."""

    def __init__(self, api: VaultApi, token: str) -> None:
        self._api, self._token, self._left = api, token, MOST_REQUESTS

    def get(self, path: str, method: str = "GET", body: dict[str, str] | None = None) -> dict[str, Any]:
        """An answer. Raises VaultRefused."""
        self._left -= 1
        if self._left < 0:
            raise VaultRefused(f"more than {MOST_REQUESTS} entries are in it: they can't be compared one by one")
        return self._api.ask(method, path, body, self._token)

    def found(self, path: str, method: str = "GET") -> dict[str, Any] | None:
        """An answer; None where there is nothing."""
        try:
            return self.get(path, method)
        except VaultRefused as error:
            if error.status == 404:
                return None
            raise

    def names(self, path: str) -> list[str]:
        """What is listed there."""
        return sorted(map(str, ((self.found(path, "LIST") or {}).get("data") or {}).get("keys") or []))


def _held(asked: _Asked, mount: str, about: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a mount holds: name → checksum."""
    if about.get("type") == "transit":
        for name in asked.names(f"{mount}keys"):
            key = asked.get(f"{mount}keys/{quote(name)}")["data"]
            # The key itself is told to nobody; what it makes of the same words is the same for the same key alone.
            made = asked.get(f"{mount}hmac/{quote(name)}", "POST", {"input": WORDS})["data"]["hmac"]
            yield name, _digest([key.get("type"), key.get("latest_version"), made])
    elif about.get("type") == "kv" and (about.get("options") or {}).get("version") == "2":
        waiting = [""]
        while waiting:
            below = waiting.pop()
            for key in asked.names(f"{mount}metadata/{quote(below)}"):
                path = f"{below}{key}"
                if path.endswith("/"):
                    waiting.append(path)
                elif (found := asked.found(f"{mount}data/{quote(path)}")) is not None:
                    yield path, _digest((found.get("data") or {}).get("data"))


def _table(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {path: about for path, about in (answer.get("data") or answer).items() if isinstance(about, dict)}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
