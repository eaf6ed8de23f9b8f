"""What is in Vault before any tenant is: an audit device, two engines, AppRole, the login that makes tenants' part, and
the key that encrypts their states, with a login of its own.

The provider works as root, with the token of the keyring. Nobody else does: tenants' stacks log in as the provisioner.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_vault as vault
from pulumi import ComponentResource, Input, Output, ResourceOptions

from access.provisioner import APPROLE, PROVISIONER, TRANSIT, provisioner_policy
from access.states import STATES, states_policy
from age_keyring import KeyringError
from settings import Settings, open_keyring

__all__ = ["Access", "AccessArgs", "declare"]

PLATFORM_MOUNT = "platform"
TOKEN_TTL_S = 1200
TOKEN_MAX_TTL_S = 3600


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    """Whether what holds data may be deleted. The provider of the Vault comes with the options."""

    protect: bool


class Access(ComponentResource):
    """The inside of a Vault, up to the logins of the provisioner and of the engine."""

    role_id: Output[str]
    secret_id: Output[str]
    states_role_id: Output[str]
    states_secret_id: Output[str]

    def __init__(self, name: str, args: AccessArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:access:Access", name, None, opts)
        # First of all: from here on every request leaves a line, also those of this program.
        audit = vault.Audit(
            f"{name}-audit",
            type="file",
            path="stdout",
            description="Every request, in the log of the container",
            options={"file_path": "stdout"},
            opts=ResourceOptions(parent=self),
        )
        inside = ResourceOptions(parent=self, depends_on=[audit])
        kept = ResourceOptions(parent=self, depends_on=[audit], protect=args.protect)
        vault.Mount(
            f"{name}-platform",
            path=PLATFORM_MOUNT,
            type="kv",
            options={"version": "2"},
            description="Secrets of the platform",
            opts=kept,
        )
        transit = vault.Mount(f"{name}-transit", path=TRANSIT, type="transit", description="Keys of tenants", opts=kept)
        approle = vault.AuthBackend(
            f"{name}-approle", type="approle", path=APPROLE, description="Logins of machines", opts=kept
        )
        # A copy of this key is in the keyring (deploy/state_key.py): without it, a lost Vault is every state lost.
        vault.transit.SecretBackendKey(
            f"{name}-states-key",
            backend=transit.path,
            name=STATES,
            exportable=True,
            allow_plaintext_backup=True,
            deletion_allowed=not args.protect,
            opts=kept,
        )
        self.role_id, self.secret_id = _login(f"{name}", PROVISIONER, provisioner_policy(), approle, inside)
        self.states_role_id, self.states_secret_id = _login(
            f"{name}-states", STATES, states_policy(), approle, inside, no_default_policy=True
        )
        self.register_outputs({"role_id": self.role_id})


def _login(
    name: str,
    who: str,
    text: str,
    approle: vault.AuthBackend,
    opts: ResourceOptions,
    *,
    no_default_policy: bool = False,
) -> tuple[Output[str], Output[str]]:
    """A policy, an AppRole role with it, and the role's ids: role id and secret id."""
    policy = vault.Policy(f"{name}-policy", name=who, policy=text, opts=opts)
    role = vault.approle.AuthBackendRole(
        f"{name}-role",
        backend=approle.path,
        role_name=who,
        token_policies=[policy.name],
        token_no_default_policy=no_default_policy or None,
        token_ttl=TOKEN_TTL_S,
        token_max_ttl=TOKEN_MAX_TTL_S,
        # Half of a login: in the state it is as secret as the other half.
        opts=ResourceOptions.merge(opts, ResourceOptions(additional_secret_outputs=["roleId"])),
    )
    secret = vault.approle.AuthBackendRoleSecretId(
        f"{name}-secret-id", backend=approle.path, role_name=role.role_name, opts=opts
    )
    return Output.secret(role.role_id), Output.secret(secret.secret_id)


def root_provider(name: str, address: str, token: Input[str]) -> vault.Provider:
    """Vault at the near end of the SSH forward, as root. The token is not one to make children of."""
    return vault.Provider(name, address=address, token=token, skip_child_token=True)


def declare(settings: Settings) -> None:
    """The inside of an environment's Vault; exports what the provisioner and the engine log in with."""
    if settings.services.vault is None:
        raise pulumi.RunError(f"Pulumi.{settings.stack}.yaml: smarteros:services/vault: missing. Fix: add it")
    try:
        token = open_keyring().get(f"{settings.stack}/vault/rootToken")
    except KeyringError as error:
        raise pulumi.RunError(f"{error} (./smos vault init {settings.stack} puts it there)") from None
    address = f"http://127.0.0.1:{settings.forward('vault').local_port}"
    provider = root_provider("vault", address, Output.secret(token))
    access = Access("access", AccessArgs(protect=settings.protect), ResourceOptions(providers=[provider]))
    pulumi.export("provisionerRoleId", access.role_id)
    pulumi.export("provisionerSecretId", access.secret_id)
    pulumi.export("statesRoleId", access.states_role_id)
    pulumi.export("statesSecretId", access.states_secret_id)
