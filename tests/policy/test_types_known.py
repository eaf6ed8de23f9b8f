"""Every type is one that the rules know."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policy.known import KINDS
from policy.rules.types_known import RULE
from tests.policy.judged import FACTS, said

RIGHT: list[tuple[str, dict[str, Any]]] = [
    ("docker:index/container:Container", {}),
    ("smarteros:services:N8n", {}),
    ("pulumi:providers:random", {}),
    ("azure-native:app:ContainerApp", {}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("azure-native:app:Job", {}, "is a type that no rule knows: look at"),
    ("pulumi-python:dynamic:Resource", {}, "docs/policies.md"),
    ("docker:index/plugin:Plugin", {}, "docker:index/plugin:Plugin"),
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


@pytest.mark.parametrize("token", [token for token, kind in KINDS.items() if not kind.in_tenants])
def test_a_tenants_stack_has_only_what_a_tenant_is_made_of(token: str) -> None:
    """Whatever else is the platform's."""
    assert said(RULE, token, {}) == []
    (text,) = said(RULE, token, {}, replace(FACTS, tenant="acme"))
    assert "none of the types that a tenant's stack is made of" in text
