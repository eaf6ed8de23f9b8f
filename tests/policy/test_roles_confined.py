"""Role assignments are narrow."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import UNKNOWN
from policy.rules.roles_confined import RULE
from tests.policy.judged import said

GRANT = "azure-native:authorization:RoleAssignment"
READER = "4633458b-17de-408a-b874-0445c86b69e6"
VAULT = "/subscriptions/x/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"


def assigned(role: str, scope: Any) -> dict[str, Any]:
    definition = f"/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/{role}"
    return {"roleDefinitionId": definition, "scope": scope}


RIGHT: list[tuple[str, dict[str, Any]]] = [
    (GRANT, assigned(READER, VAULT)),
    (GRANT, assigned(READER, UNKNOWN)),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (GRANT, assigned("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", VAULT), "Owner"),
    (GRANT, assigned("18D7D88D-D35E-4FB5-A5C3-7773C20A72D9", VAULT), "User Access"),
    (GRANT, assigned("b24988ac-6180-42a0-ab88-20f7382dd24c", VAULT), "Contributor"),
    (GRANT, assigned(READER, "/subscriptions/x"), "whole group, subscription"),
    (GRANT, assigned(READER, "/"), "whole"),
    (GRANT, assigned(READER, "/subscriptions/x/resourceGroups/rg"), "whole group"),
    (GRANT, assigned("acdd72a7-3385-48ef-bd42-f606fba81ae7", VAULT), "none that the program gives"),
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
