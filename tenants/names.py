"""What belongs to a tenant is called at each vendor's, all from its slug: one place, so that two never get the same."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["APPROLE", "MOUNT_PREFIX", "POLICY_PREFIX", "TRANSIT", "TenantNames"]

APPROLE = "approle"
TRANSIT = "transit"
MOUNT_PREFIX = "kv-"
POLICY_PREFIX = "tenant-"


@dataclass(frozen=True)
class TenantNames:
    """The names of one tenant. A slug holds no `_`, so no two slugs become one name."""

    slug: str

    @property
    def database(self) -> str:
        """The database and the role that owns it; at most 34 of PostgreSQL's 63 bytes."""
        return f"t_{self.slug.replace('-', '_')}"

    @property
    def silo_database(self) -> str:
        """The database of its own n8n and the role that owns it: no slug's `t_…`, and no service's."""
        return f"n8n_{self.slug.replace('-', '_')}"

    @property
    def silo(self) -> str:
        """Its own n8n on a host, after the environment: the end of no other container's or volume's name."""
        return f"t-{self.slug}-n8n"

    @property
    def redis(self) -> str:
        """Its own Redis on a host, after the environment."""
        return f"t-{self.slug}-redis"

    @property
    def redis_user(self) -> str:
        """The user of Redis, called as the database's owner is."""
        return self.database

    @property
    def redis_prefix(self) -> str:
        """Before each of its keys and channels."""
        return f"{self.redis_user}:"

    @property
    def blobs(self) -> str:
        """The blob container: at most 34 of its 63 characters."""
        return f"t-{self.slug}"

    @property
    def mount(self) -> str:
        """The key-value mount in Vault."""
        return f"{MOUNT_PREFIX}{self.slug}"

    @property
    def policy(self) -> str:
        """The policy in Vault, and the AppRole role and transit key beside it."""
        return f"{POLICY_PREFIX}{self.slug}"
