"""Containers' logs are rotated."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rules.logs_bounded import RULE
from tests.policy.judged import said

BOX = "docker:index/container:Container"

RIGHT: list[tuple[str, dict[str, Any]]] = [
    (BOX, {"logDriver": "local"}),
    (BOX, {"logDriver": "json-file", "logOpts": {"max-size": "10m"}}),
    (BOX, {"start": False}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (BOX, {}, "max-size"),
    (BOX, {"logDriver": "json-file", "logOpts": {"max-file": "3"}}, "max-size"),
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
