"""The secrets with which a tenant's stack is made, from the keyring: limited logins, not the administrators'."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path

from age_keyring import Keyring, identity_from_environment
from deploy.guards import NotReady
from deploy.target import ROOT, RunTarget
from tenants.platform import Platform

__all__ = ["TenantSecrets", "VaultLogin", "administrator_password", "derived_key", "secrets_for"]


@dataclass(frozen=True, kw_only=True)
class VaultLogin:
    """A login by AppRole. The provisioner's makes tenants' mounts, policies, roles and keys; whoever may write policies
    can give themselves more (docs/adr/vault.md): it is guarded as root would be.
    """

    role_id: str = field(repr=False)
    secret_id: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class TenantSecrets:
    """What the steps log in with."""

    cloudflare_token: str = field(repr=False)
    provisioner_password: str = field(repr=False)
    redis_password: str = field(repr=False, default="")
    root_key: str = field(repr=False, default="")
    """Of which the keys are derived that must be the same after anything: `derived_key`."""
    vault: VaultLogin | None = field(repr=False, default=None)
    states: VaultLogin | None = field(repr=False, default=None)
    """The login of the engine, which encrypts the states; no step uses it."""


ROOT_KEY = "shared/tenantsRootKey"


def derived_key(root_key: str, purpose: str, rut: str) -> str:
    """A key of one company for one purpose: always the same, under whatever slug it lives and wherever its state went.
    Who has it learns neither the root nor another's. Raises NotReady without a root.
    """
    if not root_key:
        raise NotReady(f"the keyring has no {ROOT_KEY}, of which tenants' keys are. Fix: ./smos keys init")
    return hmac.new(bytes.fromhex(root_key), f"{purpose}\0{rut}".encode(), hashlib.sha256).hexdigest()


def secrets_for(place: RunTarget, platform: Platform) -> TenantSecrets:
    """The secrets of one environment's tenants. Raises KeyringError."""
    file = Path(place.environ.get("SMOS_KEYRING") or ROOT / "keyring.age")
    keyring = Keyring.open(file, identity_from_environment(place.environ))
    stack = platform.environment
    vaults = platform.vault is not None
    return TenantSecrets(
        cloudflare_token=keyring.get("external/cloudflareApiToken"),
        provisioner_password=keyring.get(f"{stack}/databaseProvisionerPasswords/{platform.server.name}"),
        redis_password=keyring.get(f"{stack}/redisPasswords/{platform.redis.login}") if platform.redis else "",
        root_key=keyring.find(ROOT_KEY) or "",
        vault=_login(keyring, stack, "provisioner") if vaults else None,
        states=_login(keyring, stack, "states") if vaults else None,
    )


def administrator_password(place: RunTarget, platform: Platform) -> str | None:
    """Of the tenants' database server, for what its provisioner may not do; None where the keyring has none."""
    file = Path(place.environ.get("SMOS_KEYRING") or ROOT / "keyring.age")
    keyring = Keyring.open(file, identity_from_environment(place.environ))
    return keyring.find(f"{platform.environment}/databaseAdminPasswords/{platform.server.name}")


def _login(keyring: Keyring, stack: str, who: str) -> VaultLogin:
    role_id, secret_id = (keyring.find(f"{stack}/vault/{who}{part}") for part in ("RoleId", "SecretId"))
    if role_id is None or secret_id is None:
        raise NotReady(f"Vault of {stack} has no login {who} for tenants yet. Fix: ./smos vault init {stack}")
    return VaultLogin(role_id=role_id, secret_id=secret_id)
