"""Of Vault: the mount, the policy, the login and the key, and copies of them that somebody made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deploy.guards import NotReady
from deploy.vault_api import VaultApi, VaultRefused
from tenants.ground import Ground
from tenants.names import APPROLE, TRANSIT, TenantNames
from tenants.residue.left import Left, Sought

__all__ = ["left"]

_Named = Callable[[TenantNames], str]


def _mount(names: TenantNames) -> str:
    return names.mount


def _policy(names: TenantNames) -> str:
    return names.policy


# How it is asked, where, what is listed there, how it is called, and how it goes.
_LISTS: tuple[tuple[str, str, str, _Named, str], ...] = (
    ("GET", "sys/mounts", "the mount", _mount, "vault secrets disable {}"),
    ("LIST", "sys/policies/acl", "the policy", _policy, "vault policy delete {}"),
    ("LIST", f"auth/{APPROLE}/role", "the login", _policy, f"vault delete auth/{APPROLE}/role/{{}}"),
    ("LIST", f"{TRANSIT}/keys", "the key", _policy, f"vault delete {TRANSIT}/keys/{{}}"),
)


def left(ground: Ground, sought: Sought) -> Iterator[Left]:
    """Asked with the login that makes tenants' parts."""
    reached, login = ground.platform.vault, ground.secrets.vault
    if reached is None or login is None:
        return
    vault = VaultApi(reached.local_port)
    token, _ = vault.log_in(login.role_id, login.secret_id)
    try:
        for method, path, what, called, mend in _LISTS:
            for name in _names(vault, method, path, token, ground.stack):
                if sought.carries(name, called, "-"):
                    yield Left("Vault", f"{what} {name}", mend.format(name))
    finally:
        vault.log_out(token)


def _names(vault: VaultApi, method: str, path: str, token: str, stack: str) -> list[str]:
    try:
        found = vault.ask(method, path, None, token)["data"]
    except VaultRefused as refused:
        if refused.status == 404:  # of a list without an entry, Vault says so
            return []
        mend = f"Mend: ./smos up {stack} gives the provisioner the right to list names" if refused.status == 403 else ""
        raise NotReady(f"Vault can't be asked what is left at {path}: {refused}. {mend}".rstrip(". ")) from None
    return sorted(name.rstrip("/") for name in (found if method == "GET" else found["keys"]))
