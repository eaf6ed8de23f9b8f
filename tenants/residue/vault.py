"""Of Vault: the mount, the policy, the login and the key."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.guards import NotReady
from deploy.vault_api import VaultApi, VaultRefused
from tenants.ground import Ground
from tenants.model import Tenant
from tenants.names import APPROLE, TRANSIT
from tenants.residue.left import Left

__all__ = ["left"]


def left(ground: Ground, tenant: Tenant) -> Iterator[Left]:
    """Asked with the login that makes tenants' parts."""
    reached, login, names = ground.platform.vault, ground.secrets.vault, tenant.names
    if reached is None or login is None:
        return
    vault = VaultApi(reached.local_port)
    token, _ = vault.log_in(login.role_id, login.secret_id)
    paths = {
        f"sys/mounts/{names.mount}": ("the mount", names.mount, f"vault secrets disable {names.mount}"),
        f"sys/policies/acl/{names.policy}": ("the policy", names.policy, f"vault policy delete {names.policy}"),
        f"auth/{APPROLE}/role/{names.policy}": (
            "the login",
            names.policy,
            f"vault delete auth/{APPROLE}/role/{names.policy}",
        ),
        f"{TRANSIT}/keys/{names.policy}": ("the key", names.policy, f"vault delete {TRANSIT}/keys/{names.policy}"),
    }
    try:
        for path, (what, name, mend) in paths.items():
            if _is_there(vault, path, token):
                yield Left("Vault", f"{what} {name}", mend)
    finally:
        vault.log_out(token)


def _is_there(vault: VaultApi, path: str, token: str) -> bool:
    try:
        vault.ask("GET", path, None, token)
    except VaultRefused as refused:
        if refused.status in (400, 404):  # of a mount that is not there, Vault says 400
            return False
        raise NotReady(f"Vault can't be asked what is left at {path}: {refused}") from None
    return True
