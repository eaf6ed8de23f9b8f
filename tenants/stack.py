"""The program of one tenant's stack: its steps, in order, and what others may know of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
from pulumi import ResourceOptions

from tenants.model import Tenant
from tenants.platform import Platform
from tenants.secrets import TenantSecrets
from tenants.steps.database import Database, DatabaseArgs, postgres_provider
from tenants.steps.dns import Dns, DnsArgs, cloudflare_provider

__all__ = ["program"]


def program(tenant: Tenant, platform: Platform, secrets: TenantSecrets) -> Callable[[], None]:
    """What the engine runs. It exports `tenant`, in which no secret is."""

    def declare() -> None:
        database = Database(
            "database",
            DatabaseArgs(server=platform.server, names=tenant.names),
            ResourceOptions(providers=[postgres_provider("databases", platform.server, secrets.provisioner_password)]),
        )
        dns = Dns(
            "dns",
            DnsArgs(zone_id=platform.zone_id, domain=tenant.domain, address=platform.edge_address, slug=tenant.slug),
            ResourceOptions(providers=[cloudflare_provider("cloudflare", secrets.cloudflare_token)]),
        )
        known: dict[str, Any] = {
            "slug": tenant.slug,
            "rut": tenant.rut,
            "environment": platform.environment,
            "domain": dns.domain,
            "database": {
                "server": platform.server.name,
                "host": platform.server.host,
                "name": database.database_name,
                "owner": tenant.names.database,
            },
        }
        if platform.vault is not None and secrets.vault is not None:
            known["vault"] = {"mount": _vault(tenant, platform, secrets, database), "role": tenant.names.policy}
        pulumi.export("tenant", known)

    return declare


def _vault(tenant: Tenant, platform: Platform, secrets: TenantSecrets, database: Database) -> pulumi.Output[str]:
    from tenants.steps.vault import TenantVault, TenantVaultArgs, vault_provider

    if platform.vault is None or secrets.vault is None:
        raise RuntimeError("unreachable: asked for only where the platform has Vault")
    return TenantVault(
        "vault",
        TenantVaultArgs(
            names=tenant.names,
            database={
                "host": platform.server.host,
                "database": database.database_name,
                "user": tenant.names.database,
                "password": database.password,
            },
        ),
        ResourceOptions(providers=[vault_provider("vault", platform.vault, secrets.vault)]),
    ).mount_path
