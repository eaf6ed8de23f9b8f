"""The tenant's part of Vault: a key-value mount, a key for signatures, and an AppRole that reaches nothing else.

Made with the login of the provisioner, which may make just these. No secret id is made here: who starts the tenant's
applications asks Vault for one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_vault as vault
from pulumi import ComponentResource, Input, Output, ProviderResource, ResourceOptions

from components.secrecy import secret
from tenants.names import APPROLE, TRANSIT, TenantNames
from tenants.platform import Vault as Reached
from tenants.secrets import VaultLogin

__all__ = ["TenantVault", "TenantVaultArgs", "closed_policy", "confined_policy", "vault_provider"]

TOKEN_TTL_S = 3600
SECRET_ID_TTL_S = 30 * 24 * 3600


def vault_provider(name: str, reached: Reached, login: VaultLogin) -> ProviderResource:
    """Vault, as the provisioner of tenants, by the SSH forward on this machine."""
    return vault.Provider(
        name,
        address=reached.address,
        auth_login=vault.ProviderAuthLoginArgs(
            path=f"auth/{APPROLE}/login",
            parameters={"role_id": Output.secret(login.role_id), "secret_id": Output.secret(login.secret_id)},
        ),
        skip_child_token=True,
    )


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


@dataclass(frozen=True, kw_only=True)
class TenantVaultArgs:
    """The tenant's names, what is put into its mount for its applications (entry → keys and values), and whether its
    door is open. The provider comes with the options.
    """

    names: TenantNames
    logins: Mapping[str, Mapping[str, Input[str]]]
    is_open: bool


class TenantVault(ComponentResource):
    """Mount, policy, AppRole role, key, and the database's login in the mount."""

    mount_path: Output[str]

    def __init__(self, name: str, args: TenantVaultArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:tenants:Vault", name, None, opts)
        inside = ResourceOptions(parent=self)
        keeps = ResourceOptions(parent=self, protect=True)
        names = args.names
        mount = vault.Mount(
            f"{name}-mount",
            path=names.mount,
            type="kv",
            options={"version": "2"},
            description=f"Secrets of tenant {names.slug}",
            opts=keeps,
        )
        rules = confined_policy(names) if args.is_open else closed_policy()
        policy = vault.Policy(f"{name}-policy", name=names.policy, policy=rules, opts=inside)
        vault.approle.AuthBackendRole(
            f"{name}-role",
            backend=APPROLE,
            role_name=names.policy,
            token_policies=[policy.name],
            token_ttl=TOKEN_TTL_S,
            token_max_ttl=TOKEN_TTL_S,
            secret_id_ttl=SECRET_ID_TTL_S,
            # Half of what it takes to log in.
            opts=ResourceOptions.merge(inside, ResourceOptions(additional_secret_outputs=["roleId"])),
        )
        # A tenant can be taken down: of those who log in, only the provisioner may delete keys.
        vault.transit.SecretBackendKey(
            f"{name}-key", backend=TRANSIT, name=names.policy, deletion_allowed=True, opts=keeps
        )
        for entry, login in args.logins.items():
            vault.kv.SecretV2(
                f"{name}-{entry}",
                mount=mount.path,
                name=entry,
                data_json=secret(Output.json_dumps(dict(login))),
                opts=inside,
            )
        self.mount_path = mount.path
        self.register_outputs({"mount_path": self.mount_path})
