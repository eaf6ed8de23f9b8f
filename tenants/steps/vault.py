"""The tenant's part of Vault: a key-value mount, a key for signatures, and an AppRole that reaches nothing else.

Made with the login of the provisioner, which may make just these. No secret id is made here: who starts the tenant's
applications asks Vault for one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pulumi import ComponentResource, Input, Output, ProviderResource, ResourceOptions

from deploy.guards import NotReady
from deploy.vault_api import VaultApi, VaultRefused
from tenants.archive.secrets import TenantSecretsInVault
from tenants.archive.texts import secrets_in
from tenants.documented import NONE, Documented, Has, Isolated, Kept
from tenants.model import Tenant
from tenants.names import APPROLE, TRANSIT, TenantNames
from tenants.platform import Vault as Reached
from tenants.residue.left import Left, Sought
from tenants.secrets import VaultLogin
from tenants.steps.step import (
    ArchivedPart,
    ClosedDirectly,
    DirectDoor,
    Dump,
    Named,
    PartStore,
    Search,
    Step,
    StepContext,
    StepOutputs,
)
from tenants.vault_policies import close, closed_policy, confined_policy

if TYPE_CHECKING:
    from tenants.session import PlatformSession

__all__ = ["FILE", "STEP", "TenantVault", "TenantVaultArgs", "vault_provider"]

FILE = "vault.json"
TOKEN_TTL_S = 3600
SECRET_ID_TTL_S = 30 * 24 * 3600


def vault_provider(name: str, reached: Reached, login: VaultLogin) -> ProviderResource:
    """Vault, as the provisioner of tenants, by the SSH forward on this machine."""
    import pulumi_vault as vault  # where the platform has one

    return vault.Provider(
        name,
        address=reached.address,
        auth_login=vault.ProviderAuthLoginArgs(
            path=f"auth/{APPROLE}/login",
            parameters={"role_id": Output.secret(login.role_id), "secret_id": Output.secret(login.secret_id)},
        ),
        skip_child_token=True,
    )


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
        import pulumi_vault as vault  # where the platform has one

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
        self._fill(name, mount.path, args.logins)
        self.mount_path = mount.path
        self.register_outputs({"mount_path": self.mount_path})

    def _fill(self, name: str, mount: Output[str], logins: Mapping[str, Mapping[str, Input[str]]]) -> None:
        import pulumi_vault as vault

        from components.secrecy import secret

        for entry, login in logins.items():
            vault.kv.SecretV2(
                f"{name}-{entry}",
                mount=mount,
                name=entry,
                data_json=secret(Output.json_dumps(dict(login))),
                opts=ResourceOptions(parent=self),
            )


def _declare(ctx: StepContext) -> StepOutputs:
    """After all steps that have a login for the tenant's applications: they find it in the mount."""
    reached, login = ctx.platform.vault, ctx.secrets.vault
    if reached is None or login is None:
        return StepOutputs()
    made = TenantVault(
        "vault",
        TenantVaultArgs(names=ctx.tenant.names, logins=ctx.logins, is_open=ctx.is_open),
        ResourceOptions(providers=[vault_provider("vault", reached, login)]),
    )
    return StepOutputs(known={"vault": {"mount": made.mount_path, "role": ctx.tenant.names.policy}})


@contextlib.contextmanager
def _opened(session: PlatformSession) -> Iterator[tuple[VaultApi, str] | None]:
    """Vault and a token of whoever makes tenants' parts, good for the block; None on a platform without Vault."""
    reached, login = session.platform.vault, session.secrets.vault
    if reached is None or login is None:
        yield None
        return
    vault = VaultApi(reached.local_port)
    token, _ = vault.log_in(login.role_id, login.secret_id)
    try:
        yield vault, token
    finally:
        vault.log_out(token)


@dataclass(frozen=True)
class _StoredSecrets:
    """What applications wrote into the mount, as a part of an archive."""

    there: TenantSecretsInVault

    def dump(self) -> Dump:
        """Of each entry the newest version."""
        return Dump(file=self.there.dump(), content=self.content())

    def restore(self, checked: Mapping[str, Mapping[str, Any]]) -> None:
        """Each as a new version."""
        self.there.restore(checked)

    def content(self) -> Mapping[str, Any]:
        """As it is now."""
        return {"secrets": self.there.content()}


@contextlib.contextmanager
def _reached(session: PlatformSession, tenant: Tenant) -> Iterator[PartStore | None]:
    with _opened(session) as opened:
        yield None if opened is None else _StoredSecrets(TenantSecretsInVault(*opened, tenant.names))


def _mount(names: TenantNames) -> str:
    return names.mount


def _policy(names: TenantNames) -> str:
    return names.policy


# How it is asked, where, what is listed there, how it is called, and how it goes.
_LISTS: tuple[tuple[str, str, str, Named, str], ...] = (
    ("GET", "sys/mounts", "the mount", _mount, "vault secrets disable {}"),
    ("LIST", "sys/policies/acl", "the policy", _policy, "vault policy delete {}"),
    ("LIST", f"auth/{APPROLE}/role", "the login", _policy, f"vault delete auth/{APPROLE}/role/{{}}"),
    ("LIST", f"{TRANSIT}/keys", "the key", _policy, f"vault delete {TRANSIT}/keys/{{}}"),
)


def _left(session: PlatformSession, sought: Sought) -> Iterator[Left]:
    """Asked with the login that makes tenants' parts."""
    with _opened(session) as opened:
        if opened is None:
            return
        for method, path, what, called, mend in _LISTS:
            for name in _names(*opened, method, path, session.stack):
                if sought.carries(name, called, "-"):
                    yield Left("Vault", f"{what} {name}", mend.format(name))


def _names(vault: VaultApi, token: str, method: str, path: str, stack: str) -> list[str]:
    try:
        found = vault.ask(method, path, None, token)["data"]
    except VaultRefused as refused:
        if refused.status == 404:  # of a list without an entry, Vault says so
            return []
        mend = f"Fix: ./smos up {stack} gives the provisioner the right to list names" if refused.status == 403 else ""
        raise NotReady(f"Vault can't be asked what is left at {path}: {refused}. {mend}".rstrip(". ")) from None
    return sorted(name.rstrip("/") for name in (found if method == "GET" else found["keys"]))


def _closed_directly(session: PlatformSession, tenant: Tenant, _types: frozenset[str]) -> Iterator[DirectDoor]:
    if session.platform.vault is not None:
        yield DirectDoor(name="vault", close=partial(close, session, tenant))


def _undeclared(session: PlatformSession, tenant: Tenant) -> tuple[PlatformSession, Tenant]:
    return replace(session, secrets=replace(session.secrets, vault=None)), tenant


_DOCUMENTED = Documented(
    has=(
        Has(
            where="Vault, where the platform has it",
            what="a key-value mount with the logins of its applications in it",
            called="`kv-<slug>`",
            made_with="the provisioner's AppRole",
        ),
        Has(
            where="Vault",
            what="a policy that opens that mount and the key below, an AppRole role with it, a transit key",
            called="`tenant-<slug>`",
            made_with="the provisioner's AppRole",
        ),
    ),
    kept=(
        Kept(
            what="Vault: what applications wrote",
            isolated_by="mount, policy, AppRole",
            export="newest version of each entry",
            restore="compared by a checksum",
            erase="at once, with all versions",
        ),
        Kept(
            what="Vault: key for signatures",
            isolated_by="own key",
            export="not at all: it never leaves Vault",
            restore="a new key: old signatures fail",
            erase="at once",
        ),
        Kept(
            what="logins of PostgreSQL and Redis",
            isolated_by=NONE,
            export="not at all",
            restore="made anew, in the mount",
            erase="at once",
        ),
    ),
    isolated=(
        Isolated(
            what="Vault",
            pool="mount, policy, AppRole, transit key",
            isolated="exactly, by path",
            exported="newest versions; the transit key not at all",
            restored="the same",
            erased="exactly",
        ),
    ),
)

STEP = Step(
    name="vault",
    declare=_declare,
    names={"Vault: mount": _mount, "Vault: policy, login, key": _policy},
    doors={"vault": "Vault"},
    closed_directly=ClosedDirectly(
        types=("vault:", "pulumi:providers:vault"), doors=_closed_directly, undeclared=_undeclared
    ),
    searches=(Search("Vault", _left),),
    archived=ArchivedPart(file=FILE, reached=_reached, checked=secrets_in, field="secrets"),
    lossy=(
        "signatures: the transit key never leaves Vault; an import has a new one, and old signatures fail",
        "passwords: the database's and Redis' are made anew; applications read them from the tenant's mount in Vault",
        "vault: of each secret the newest version, not the earlier ones",
    ),
    documented=_DOCUMENTED,
)
