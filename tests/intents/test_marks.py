"""Where each type bears its mark, and that the others say why they bear none."""

from __future__ import annotations

from typing import Any

import pytest

from intents.marks import MARKS, NO_MARK
from sandbox.vendors import packages

KINDS = {kind.token: kind for package in packages() for kind in package.types}
NONCE = "0123456789abcdef01234567"
GIVEN: dict[str, Any] = {
    "map": {"system": "smarteros"},
    "list": [{"label": "app", "value": "smarteros"}],
    "text": "of tenant acme",
}


def plain(value: Any, change: Any) -> Any:
    """No output is among these."""
    return change(value)


def test_every_simulated_type_bears_a_mark_or_says_why_not() -> None:
    """A new type is noticed here; none is in both lists."""
    assert set(KINDS) <= set(MARKS) | set(NO_MARK), "add it to intents/marks.py"
    assert not set(MARKS) & set(NO_MARK)
    assert all(NO_MARK.values())


@pytest.mark.parametrize("token", MARKS)
def test_a_marks_property_is_one_that_the_type_has(token: str) -> None:
    """By the table of the vendor's rules; anything else would be refused there."""
    assert any(path.split(".")[0].split("[")[0] == MARKS[token].property for path in KINDS[token].properties)


@pytest.mark.parametrize("token", MARKS)
def test_a_mark_is_put_beside_what_is_there_and_read_again(token: str) -> None:
    """With something there and with nothing; what bears none has none."""
    mark = MARKS[token]
    for given in ({}, {mark.property: GIVEN[mark.kind]}):
        marked = {mark.property: mark.put(given, NONCE, plain)}
        assert mark.read(marked) == NONCE
        assert mark.read(given) is None
    kept = mark.put({mark.property: GIVEN[mark.kind]}, NONCE, plain)
    assert kept[: len(GIVEN["text"])] == GIVEN["text"] if mark.kind == "text" else "smarteros" in str(kept)


@pytest.mark.parametrize("odd", [None, "", 1, [], {}, [1], "[intent 0123]", "[intent 0123456789abcdef01234567] more"])
def test_what_a_vendor_has_there_instead_is_no_mark(odd: object) -> None:
    """Nor does it end in an error."""
    for mark in MARKS.values():
        assert mark.read({mark.property: odd}) is None
