"""Nothing that a recovery needs is kept only where it can be lost."""

from __future__ import annotations

from typing import Any

from policy.rule import Marked, Resource
from policy.rules.recovery_survives import RULE
from tests.policy.judged import said_of_stack

MADE = Resource(
    token="random:index/randomPassword:RandomPassword",
    name="made",
    urn="urn:made",
    inputs={"result": Marked("abcdefghij")},
)


def held(secret_name: str, *sources: str) -> Resource:
    inputs = {"secretName": secret_name, "properties": {"value": Marked("x")}}
    return Resource(token="azure-native:keyvault:Secret", name="held", inputs=inputs, sources={"properties": sources})


def box(*variables: str) -> Resource:
    inputs: dict[str, Any] = {"envs": [Marked(one) for one in variables]}
    return Resource(token="docker:index/container:Container", name="box", inputs=inputs, sources={"envs": ["urn:made"]})


def test_a_key_that_the_stack_makes_is_told() -> None:
    """Its only copy would be in the state."""
    ((name, text),) = said_of_stack(RULE, [MADE, held("n8n-n8n-encryption-key", "urn:made")])
    assert (name, "comes from made" in text) == ("held", True)


def test_a_key_of_the_keyring_and_a_password_that_may_change_pass() -> None:
    """What comes from nowhere in the stack was given to it; a database's password is set anew by a rebuild."""
    assert said_of_stack(RULE, [MADE, held("n8n-n8n-encryption-key"), held("n8n-db-password", "urn:made")]) == []


def test_variables_of_a_container_are_told_apart_by_their_values() -> None:
    """They share one list, so the list's sources say not which of them was made."""
    assert said_of_stack(RULE, [MADE, box("DB_PASSWORD=abcdefghij", "N8N_ENCRYPTION_KEY=of-the-keyring")]) == []
    ((_, text),) = said_of_stack(RULE, [MADE, box("N8N_ENCRYPTION_KEY=abcdefghij")])
    assert "N8N_ENCRYPTION_KEY" in text
    assert "abcdefghij" not in text


def test_a_key_that_never_leaves_azure_is_told_unless_the_keyring_has_it() -> None:
    """Lose the account, and all that it encrypted is lost."""
    key = Resource(token="azure-native:keyvault:Key", name="seal", inputs={})
    imported = Resource(token="azure-native:keyvault:Key", name="seal", inputs={"tags": {"escrow": "keyring"}})
    assert [name for name, _ in said_of_stack(RULE, [key, imported])] == ["seal"]


def vault_key(name: str, **more: bool) -> Resource:
    inputs: dict[str, Any] = {"backend": "transit", "name": name, **more}
    return Resource(token="vault:transit/secretBackendKey:SecretBackendKey", name=name, inputs=inputs)


def test_a_key_of_the_platform_that_never_leaves_vault_is_told() -> None:
    """Lose Vault, and what it encrypted is lost; a tenant's own key signs for a tenant that is in Vault too."""
    kept = vault_key("states", exportable=True, allowPlaintextBackup=True)
    stays = [vault_key("a"), vault_key("b", exportable=True), vault_key("c", allowPlaintextBackup=True)]
    assert said_of_stack(RULE, [kept, vault_key("tenant-acme")]) == []
    given = said_of_stack(RULE, stays)
    assert [name for name, _ in given] == ["a", "b", "c"]
    assert "never leaves Vault" in given[0][1]
