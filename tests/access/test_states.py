"""The login of the engine uses one key, and neither tenants nor their provisioner can use it."""

from __future__ import annotations

import pytest

from access.provisioner import provisioner_policy
from access.states import STATES, STATES_URL, states_policy
from sandbox.vault.server.core import DEFAULT_POLICY
from sandbox.vault.server.policy import ACL, parse
from tenants.model import is_slug
from tenants.names import TenantNames
from tenants.vault_policies import confined_policy

ENGINE = ACL([parse(states_policy())])
MAY_NOT = [
    ("create", f"transit/encrypt/{STATES}"),
    ("read", f"transit/keys/{STATES}"),
    ("update", f"transit/keys/{STATES}/config"),
    ("read", f"transit/backup/{STATES}"),
    ("read", f"transit/export/encryption-key/{STATES}"),
    ("update", f"transit/decrypt/{STATES}2"),
    ("update", "transit/decrypt/tenant-acme"),
    ("read", "kv-acme/data/database"),
    ("read", "auth/token/lookup-self"),
    ("update", "auth/token/create"),
]


def test_the_engines_login_encrypts_and_decrypts() -> None:
    """That is all that the engine asks for; and the token can be ended."""
    for path in (f"transit/encrypt/{STATES}", f"transit/decrypt/{STATES}", "auth/token/revoke-self"):
        assert ENGINE.allows("update", path)
    assert STATES_URL.removeprefix("hashivault://") == STATES


@pytest.mark.parametrize(("operation", "path"), MAY_NOT)
def test_it_may_nothing_else(operation: str, path: str) -> None:
    """No key is read, made or changed, and nobody's data."""
    assert not ENGINE.allows(operation, path)


@pytest.mark.parametrize("slug", ["acme", "states", "state"])
def test_nobody_else_uses_the_key(slug: str) -> None:
    """Neither a tenant, whatever it is called, nor who makes tenants."""
    assert is_slug(slug)
    tenant = ACL([parse(confined_policy(TenantNames(slug))), parse(DEFAULT_POLICY)])
    provisioner = ACL([parse(provisioner_policy()), parse(DEFAULT_POLICY)])
    for act in ("encrypt", "decrypt", "keys", "backup", "restore", "rewrap"):
        for operation in ("read", "create", "update", "delete"):
            assert not tenant.allows(operation, f"transit/{act}/{STATES}")
            assert not provisioner.allows(operation, f"transit/{act}/{STATES}")
