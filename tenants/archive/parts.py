"""All of a tenant that an archive holds, read and put back: one object for both directions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from deploy.vault_api import VaultApi
from tenants.archive.database import TenantDatabase
from tenants.archive.keys import TenantKeys
from tenants.archive.manifest import Content
from tenants.archive.secrets import TenantSecretsInVault
from tenants.ground import Ground
from tenants.names import TenantNames

__all__ = ["Parts", "parts_of"]

DATABASE, REDIS, VAULT, TENANT = "database.sql", "redis.jsonl", "vault.json", "tenant.yaml"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Where each part of one tenant is."""

    database: TenantDatabase
    keys: TenantKeys | None
    secrets: TenantSecretsInVault | None

    def dump(self) -> dict[str, bytes]:
        """File → content."""
        found = {DATABASE: self.database.dump()}
        if self.keys:
            found[REDIS] = self.keys.dump()
        if self.secrets:
            found[VAULT] = self.secrets.dump()
        return found

    def restore(self, parts: dict[str, bytes]) -> list[str]:
        """Puts them back; the parts that this platform has no place for."""
        self.database.restore(parts[DATABASE])
        if self.keys and REDIS in parts:
            self.keys.restore(parts[REDIS])
        if self.secrets and VAULT in parts:
            self.secrets.restore(parts[VAULT])
        placed = {REDIS: self.keys, VAULT: self.secrets}
        return [name for name, place in placed.items() if place is None and name in parts]

    def content(self) -> tuple[Content, int]:
        """What is in the tenant now, and the version of its database server."""
        tables, rows, version = self.database.content()
        count, redis = self.keys.content() if self.keys else (0, "")
        told = {
            "tables": tables,
            "rows": rows,
            "redisKeys": count,
            "redis": redis,
            "secrets": self.secrets.content() if self.secrets else "",
        }
        return Content.model_validate(told), version


@contextlib.contextmanager
def parts_of(ground: Ground, names: TenantNames) -> Iterator[Parts]:
    """The parts of one tenant, reached for the block; the token of Vault ends with it."""
    platform, secrets = ground.platform, ground.secrets
    database = TenantDatabase(platform.server, secrets.provisioner_password, names.database)
    keys = TenantKeys(platform.redis, secrets.redis_password, names) if platform.redis else None
    if platform.vault is None or secrets.vault is None:
        yield Parts(database=database, keys=keys, secrets=None)
        return
    vault = VaultApi(platform.vault.local_port)
    token, _ = vault.log_in(secrets.vault.role_id, secrets.vault.secret_id)
    try:
        yield Parts(database=database, keys=keys, secrets=TenantSecretsInVault(vault, token, names))
    finally:
        vault.log_out(token)
