"""What a tenant's own applications may do in Vault: by its policy, which counts at each request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from deploy.guards import NotReady
from tenants.model import Tenant
from tenants.names import TRANSIT, TenantNames
from tenants.vault_session import VaultSession

if TYPE_CHECKING:
    from tenants.session import PlatformSession

__all__ = ["close", "closed_policy", "confined_policy"]


def confined_policy(names: TenantNames) -> str:
    """What the tenant's own applications may do in Vault."""
    rules = {
        f"{names.mount}/data/*": ["create", "read", "update", "patch", "delete"],
        f"{names.mount}/metadata/*": ["read", "list", "delete"],
        f"{TRANSIT}/hmac/{names.policy}": ["update"],
        f"{TRANSIT}/verify/{names.policy}": ["update"],
    }
    return "".join(f'path "{path}" {{\n  capabilities = {json.dumps(able)}\n}}\n' for path, able in rules.items())


def closed_policy() -> str:
    """What they may do while the tenant is suspended. Policies count at each request: tokens that are out are worth
    nothing from then on, and worth the same as before when it is resumed.
    """
    return 'path "*" {\n  capabilities = ["deny"]\n}\n'


def close(session: PlatformSession, tenant: Tenant) -> None:
    """Takes all of it away at once, without the engine: tokens that are out are worth nothing from then on."""
    vault, login = session.platform.vault, session.secrets.vault
    if vault is None or login is None:
        raise NotReady(f"Vault of {session.stack} has no login for tenants. Fix: ./smos vault init {session.stack}")
    vault_session = VaultSession(vault.local_port, login, session.stack)
    if vault_session.api.ask("GET", "sys/seal-status").get("sealed"):
        raise NotReady(f"Vault of {session.stack} is sealed. Fix: ./smos vault unseal {session.stack}")
    try:
        path = f"sys/policies/acl/{tenant.names.policy}"
        vault_session.api.ask("PUT", path, {"policy": closed_policy()}, token=vault_session.token())
    finally:
        vault_session.close()
