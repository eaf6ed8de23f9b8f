"""Key Vaults can't be purged."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import UNKNOWN
from policy.rules.key_vault_guarded import RULE
from tests.policy.judged import changed, said

VAULT = "azure-native:keyvault:Vault"
SAFE = {"enablePurgeProtection": True, "enableRbacAuthorization": True, "enableSoftDelete": True}

RIGHT: list[tuple[str, dict[str, Any]]] = [
    (VAULT, {"properties": SAFE}),
    (VAULT, {"properties": UNKNOWN}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (VAULT, {"properties": changed(SAFE, enablePurgeProtection=None)}, "enablePurgeProtection"),
    (VAULT, {"properties": changed(SAFE, enableRbacAuthorization=False)}, "enableRbacAuthorization"),
    (VAULT, {"properties": changed(SAFE, enableSoftDelete=False)}, "enableSoftDelete"),
    (VAULT, {"properties": changed(SAFE, softDeleteRetentionInDays=7.0)}, "is 7: at least 30"),
    (VAULT, {"properties": changed(SAFE, accessPolicies=[{"objectId": "x"}])}, "accessPolicies"),
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
