"""What the login that makes tenants' parts of Vault may do: its policy, as text. Declares nothing.

Patterns end in `*` because a name begins as the tenants' do; nothing that is not a tenant's begins so.
"""

from __future__ import annotations

import json

__all__ = ["APPROLE", "PROVISIONER", "TRANSIT", "provisioner_policy"]

APPROLE = "approle"
TRANSIT = "transit"
PROVISIONER = "provisioner"
_ALL = ("create", "read", "update", "delete")
_RULES: dict[str, tuple[str, ...]] = {
    # A tenant's mount, and what is put into it for the tenant's applications.
    "sys/mounts/kv-*": _ALL,
    "kv-*": (*_ALL, "list"),
    # What the tenant's applications may do, and their login.
    "sys/policies/acl/tenant-*": _ALL,
    f"auth/{APPROLE}/role/tenant-*": (*_ALL, "list"),
    # The tenant's key: made and configured, never used or exported.
    f"{TRANSIT}/keys/tenant-*": _ALL,
    # Names alone, of everybody: whoever deletes a tenant proves by them that nothing of it is left.
    "sys/mounts": ("read",),
    "sys/policies/acl": ("list",),
    f"auth/{APPROLE}/role": ("list",),
    f"{TRANSIT}/keys": ("list",),
}


def provisioner_policy() -> str:
    """What the provisioner of tenants may do in Vault, as HCL."""
    return "".join(f'path "{path}" {{\n  capabilities = {json.dumps(able)}\n}}\n' for path, able in _RULES.items())
