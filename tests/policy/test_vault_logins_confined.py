"""A login of Vault has its own policy and no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policy.rule import UNKNOWN, Resource
from policy.rules.vault_logins_confined import RULE
from tests.policy.judged import FACTS, said

ROLE, MOUNT = "vault:appRole/authBackendRole:AuthBackendRole", "vault:index/mount:Mount"
KEY = "vault:transit/secretBackendKey:SecretBackendKey"
RIGHT: list[tuple[str, dict[str, Any]]] = [
    (ROLE, {"roleName": "provisioner", "tokenPolicies": ["provisioner"]}),
    (ROLE, {"roleName": "provisioner", "tokenPolicies": [UNKNOWN]}),
    (ROLE, {"roleName": "states", "tokenPolicies": ["states"], "tokenNoDefaultPolicy": True}),
    (MOUNT, {"path": "platform", "type": "kv"}),
    (KEY, {"name": "states"}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (ROLE, {"roleName": "provisioner", "tokenPolicies": ["states"]}, "has the policy states"),
    (ROLE, {"roleName": "states", "tokenPolicies": ["states"]}, "tokenNoDefaultPolicy"),
    (MOUNT, {"path": "platform", "type": "transit"}, "none that the platform has"),
    (MOUNT, {"path": "ssh", "type": "kv"}, "none that the platform has"),
    (KEY, {"name": "n8n"}, "none that the platform has"),
]
ACME = replace(FACTS, tenant="acme")
TENANTS: list[tuple[str, dict[str, Any], int]] = [
    (ROLE, {"roleName": "tenant-acme", "tokenPolicies": ["tenant-acme"], "secretIdTtl": 60}, 0),
    (ROLE, {"roleName": "tenant-acme", "tokenPolicies": ["tenant-acme"]}, 1),
    (ROLE, {"roleName": "tenant-acme", "tokenPolicies": ["tenant-acme", "provisioner"], "secretIdTtl": 60}, 2),
    (MOUNT, {"path": "kv-acme", "type": "kv"}, 0),
    (MOUNT, {"path": "kv-acme", "type": "transit"}, 1),
    (KEY, {"name": "tenant-acme", "exportable": False}, 0),
    (KEY, {"name": "tenant-acme", "exportable": True}, 1),
    (KEY, {"name": "tenant-acme", "allowPlaintextBackup": True}, 1),
]


@pytest.mark.parametrize(("token", "inputs"), RIGHT)
def test_what_is_right_passes(token: str, inputs: dict[str, Any]) -> None:
    """Nothing is said of it."""
    assert said(RULE, token, inputs) == []


@pytest.mark.parametrize(("token", "inputs", "words"), WRONG)
def test_what_is_wrong_is_told(token: str, inputs: dict[str, Any], words: str) -> None:
    """One fault, one violation, and it says what."""
    found = said(RULE, token, inputs)
    assert len(found) == 1, found
    assert words in found[0]


@pytest.mark.parametrize(("token", "inputs", "wrong"), TENANTS)
def test_in_a_tenants_stack(token: str, inputs: dict[str, Any], wrong: int) -> None:
    """Its logins end, its key stays."""
    assert len(said(RULE, token, inputs, ACME)) == wrong


def test_what_is_protected_is_not_deleted_by_itself() -> None:
    """Whoever takes an environment down says so first."""
    key = Resource(token=KEY, name="one", inputs={"name": "states", "deletionAllowed": True}, protect=True)
    assert len(list(RULE.check(key, FACTS))) == 1
    assert list(RULE.check(replace(key, protect=False), FACTS)) == []
