"""Azure resources say whose they are."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rules.tags_required import RULE
from tests.policy.judged import changed, said

GROUP = "azure-native:resources:ResourceGroup"
TAGS = {"tags": {"system": "s", "managed-by": "pulumi", "environment": "prod"}}

RIGHT: list[tuple[str, dict[str, Any]]] = [
    (GROUP, TAGS),
    (GROUP, changed(TAGS, more="x")),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (GROUP, {}, "environment, managed-by, system"),
    (GROUP, {"tags": {"system": "s", "managed-by": "pulumi", "environment": ""}}, "missing: environment;"),
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
