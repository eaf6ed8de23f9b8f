"""All of a tenant that an archive holds, read and put back: one object for both directions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from deploy.vault_api import VaultApi
from tenants.archive.database import Tables, TenantDatabase
from tenants.archive.keys import Keys, TenantKeys
from tenants.archive.manifest import DATABASE, N8N, REDIS, VAULT, Content
from tenants.archive.secrets import TenantSecretsInVault
from tenants.archive.texts import keys_in, secrets_in
from tenants.ground import Ground
from tenants.names import TenantNames

__all__ = ["Parts", "parts_of"]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Where each part of one tenant is."""

    database: TenantDatabase
    n8n: TenantDatabase | None
    """Of a silo. What is encrypted in it opens under any slug: its key follows from the company's RUT."""
    keys: TenantKeys | None
    secrets: TenantSecretsInVault | None

    def dump(self) -> tuple[dict[str, bytes], Content, int]:
        """File → content; what is in it, and the version of the database server."""
        database, tables = self.database.dump()
        found, n8n = {DATABASE: database}, None
        if self.n8n:
            found[N8N], n8n = self.n8n.dump()
        if self.keys:
            found[REDIS] = self.keys.dump()
        if self.secrets:
            found[VAULT] = self.secrets.dump()
        return found, self._content(tables, n8n), tables.server_version

    def restore(self, parts: dict[str, bytes]) -> list[str]:
        """Puts them back; the parts that this platform has no place for. What is no key or secret is refused first."""
        keys, secrets = keys_in(parts.get(REDIS, b"")), secrets_in(parts.get(VAULT, b"{}"))
        self.database.restore(parts[DATABASE])
        if self.n8n and N8N in parts:
            self.n8n.restore(parts[N8N])
        if self.keys and REDIS in parts:
            self.keys.restore(keys)
        if self.secrets and VAULT in parts:
            self.secrets.restore(secrets)
        placed = {N8N: self.n8n, REDIS: self.keys, VAULT: self.secrets}
        return [name for name, place in placed.items() if place is None and name in parts]

    def content(self) -> Content:
        """What is in the tenant now."""
        return self._content(self.database.content(), self.n8n.content() if self.n8n else None)

    def _content(self, tables: Tables, n8n: Tables | None) -> Content:
        keys = self.keys.content() if self.keys else Keys(0, "")
        told = {
            "tables": tables.digests,
            "rows": tables.rows,
            "n8n": n8n.digest if n8n else "",
            "redisKeys": keys.count,
            "redis": keys.digest,
            "secrets": self.secrets.content() if self.secrets else "",
        }
        return Content.model_validate(told)


@contextlib.contextmanager
def parts_of(ground: Ground, names: TenantNames, *, silo: bool, keys: TenantKeys | None = None) -> Iterator[Parts]:
    """The parts of one tenant, reached for the block; the token of Vault ends with it. `silo`: it has its own n8n;
    `keys`: those of its own Redis.
    """
    server, password = ground.platform.server, ground.secrets.provisioner_password
    database = TenantDatabase(server, password, names.database)
    n8n = TenantDatabase(server, password, names.silo_database) if silo else None
    with _secrets_of(ground, names) as in_vault:
        yield Parts(database=database, n8n=n8n, keys=keys, secrets=in_vault)


@contextlib.contextmanager
def _secrets_of(ground: Ground, names: TenantNames) -> Iterator[TenantSecretsInVault | None]:
    reached, login = ground.platform.vault, ground.secrets.vault
    if reached is None or login is None:
        yield None
        return
    vault = VaultApi(reached.local_port)
    token, _ = vault.log_in(login.role_id, login.secret_id)
    try:
        yield TenantSecretsInVault(vault, token, names)
    finally:
        vault.log_out(token)
