"""What applications put into the tenant's mount in Vault, and back. What the steps put there is not in it: it is made
anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from deploy.vault_api import VaultApi, VaultRefused
from tenants.archive.manifest import ArchiveBroken
from tenants.archive.texts import of_steps
from tenants.names import TenantNames

__all__ = ["TenantSecretsInVault"]

_MEND = "Fix: another copy of the archive"
MOST_FOLDERS = 10_000
"""Each is a request."""


class TenantSecretsInVault:
    """One mount of version 2, with a token of whoever makes tenants."""

    def __init__(self, vault: VaultApi, token: str, names: TenantNames) -> None:
        self._vault, self._token, self._mount = vault, token, names.mount

    def dump(self) -> bytes:
        """Path → the newest version's keys and values; one whose newest version was deleted is not in it."""
        found = {path: self._newest(path) for path in self._paths()}
        kept = {path: data for path, data in found.items() if data is not None}
        return json.dumps(kept, sort_keys=True, indent=1).encode()

    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """Each as a new version. Raises ArchiveBroken."""
        for path, data in kept.items():
            try:
                self._vault.ask("POST", f"{self._mount}/data/{quote(path)}", {"data": data}, self._token)
            except VaultRefused as error:
                raise ArchiveBroken(f"vault.json: {path} could not be put back: {error}. {_MEND}") from None

    def content(self) -> str:
        """A checksum of what is in the tenant's part of Vault."""
        return hashlib.sha256(self.dump()).hexdigest()

    def _newest(self, path: str) -> dict[str, Any] | None:
        try:
            found = self._vault.ask("GET", f"{self._mount}/data/{quote(path)}", token=self._token)
        except VaultRefused as error:
            if error.status == 404:  # of a deleted version, Vault says so
                return None
            raise
        data: dict[str, Any] | None = (found.get("data") or {}).get("data")
        return data

    def _paths(self) -> Iterator[str]:
        """Every entry, folder by folder. Raises ArchiveBroken for what no request can name, and for too much."""
        waiting, asked, made_anew = [""], 0, of_steps()
        while waiting:
            below, asked = waiting.pop(), asked + 1
            if asked > MOST_FOLDERS:
                mend = f"Fix: vault kv metadata delete those below {self._mount}/{below}"
                raise ArchiveBroken(f"Vault, {self._mount}: more than {MOST_FOLDERS} folders. {mend}")
            for key in self._listed(below):
                path = f"{below}{key}"
                if not key or "//" in f"/{path}":
                    raise ArchiveBroken(
                        f"Vault, {self._mount}: {path!r} has an empty part, and would be listed without end. "
                        f"Fix: vault kv metadata delete {self._mount}/{path}"
                    )
                if path.endswith("/"):
                    waiting.append(path)
                elif path not in made_anew:
                    yield path

    def _listed(self, below: str) -> list[str]:
        try:
            listed = self._vault.ask("LIST", f"{self._mount}/metadata/{quote(below)}", token=self._token)
        except VaultRefused as error:
            if error.status == 404:
                return []
            raise
        return [str(key) for key in listed["data"]["keys"]]
