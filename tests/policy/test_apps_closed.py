"""Apps are open by a name of the zone alone."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import UNKNOWN
from policy.rules.apps_closed import RULE
from tests.policy.judged import said

APP = "azure-native:app:ContainerApp"


def app(**configuration: Any) -> dict[str, Any]:
    """An app."""
    return {"configuration": configuration}


RIGHT: list[tuple[str, dict[str, Any]]] = [
    (APP, app(ingress={"external": False})),
    (APP, app(ingress={"external": True, "customDomains": [{"name": "n8n.example.com"}]})),
    (APP, app(ingress={"external": True, "customDomains": UNKNOWN})),
    (APP, app(secrets=[{"name": "x", "keyVaultUrl": "https://kv-s.vault.azure.net/secrets/x/0a"}])),
    (APP, app(secrets=[{"name": "x", "keyVaultUrl": UNKNOWN}])),
    (APP, {"configuration": UNKNOWN}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (APP, app(ingress={"external": True}), "without a name"),
    (APP, app(ingress={"external": True, "customDomains": []}), "without a name"),
    (APP, app(secrets=[{"name": "x", "keyVaultUrl": "https://evil.example/secrets/x"}]), "secret x"),
    (
        APP,
        app(secrets=[{"name": "x", "keyVaultUrl": "https://kv-s.vault.azure.net.evil.example/secrets/x"}]),
        "secret x",
    ),
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
