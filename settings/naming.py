"""What things are called at the vendors': one immutable namer. It only makes names; it declares and reads
nothing.

Azure: abbreviation of the Cloud Adoption Framework, system, stack, part; names that are global in Azure end
in a short hash of subscription, system and stack, so that two environments never fight for one. What is too
long is cut and ends in a hash of what it would have been, so that two long names never become the same.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

__all__ = ["Names", "fit"]

HASH_LENGTH = 6
_NAMESPACE = uuid.UUID("6f0f4c7b-1a0e-4d0b-9a51-3c1b9b9a2f6d")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]


def fit(text: str, limit: int, separator: str = "-") -> str:
    """The text itself if it fits, else its beginning and a hash of the whole."""
    if len(text) <= limit:
        return text
    tail = separator + _hash(text)
    return text[: limit - len(tail)].rstrip("-") + tail


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names of one environment. `seed` makes the global ones unique: the subscription's id."""

    system: str
    stack: str
    seed: str

    def _plain(self, *parts: str) -> str:
        return "-".join(part for part in parts if part)

    def _suffix(self) -> str:
        return _hash(f"{self.seed}/{self.system}/{self.stack}")

    def _azure(self, abbreviation: str, part: str, limit: int) -> str:
        return fit(self._plain(abbreviation, self.system, self.stack, part), limit)

    def _azure_global(self, abbreviation: str, part: str, limit: int) -> str:
        stem = fit(self._plain(abbreviation, self.system, self.stack, part), limit - HASH_LENGTH - 1)
        return f"{stem}-{self._suffix()}"

    def resource_group(self) -> str:
        """1 to 90 characters."""
        return self._azure("rg", "", 90)

    def log_workspace(self) -> str:
        """4 to 63 characters."""
        return self._azure("log", "", 63)

    def virtual_network(self) -> str:
        """2 to 64 characters."""
        return self._azure("vnet", "", 64)

    def subnet(self, part: str) -> str:
        """1 to 80 characters."""
        return fit(self._plain("snet", part), 80)

    def container_apps_environment(self) -> str:
        """2 to 32 characters, as an app's name."""
        return self._azure("cae", "", 32)

    def container_app(self, part: str) -> str:
        """2 to 32 characters. The environment's domain already says which system it is."""
        return fit(self._plain("ca", part, self.stack), 32)

    def certificate(self, part: str) -> str:
        """A certificate of the Container Apps environment."""
        return fit(self._plain("cert", part), 60)

    def identity(self, part: str) -> str:
        """3 to 128 characters."""
        return self._azure("id", part, 128)

    def key_vault(self) -> str:
        """3 to 24 characters, global."""
        return self._azure_global("kv", "", 24)

    def key_vault_secret(self, *parts: str) -> str:
        """1 to 127 letters, digits and hyphens."""
        return fit(self._plain(*parts), 127)

    def storage_account(self, part: str = "") -> str:
        """3 to 24 lower-case letters and digits, global."""
        stem = fit(f"st{self.system}{self.stack}{part}".replace("-", ""), 24 - HASH_LENGTH, separator="")
        return stem + self._suffix()

    def postgres_server(self, part: str) -> str:
        """3 to 63 characters, global."""
        return self._azure_global("psql", part, 63)

    def managed_redis(self, part: str) -> str:
        """1 to 60 characters, without two hyphens beside each other, unique in the region."""
        return self._azure_global("amr", part, 60)

    def private_endpoint(self, part: str) -> str:
        """2 to 64 characters."""
        return self._azure("pep", part, 64)

    def role_assignment(self, *parts: str) -> str:
        """A GUID, the same in every run."""
        return str(uuid.uuid5(_NAMESPACE, "/".join((self.seed, self.system, self.stack, *parts))))

    def bucket(self, part: str) -> str:
        """3 to 63 characters, unique in the account."""
        return fit(self._plain(self.system, self.stack, part), 63)

    def container(self, part: str) -> str:
        """A container, network or volume of a Docker host."""
        return fit(self._plain(self.system, self.stack, part), 63)
