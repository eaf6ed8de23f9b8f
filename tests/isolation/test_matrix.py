"""The table of harms: each row names a test that is there, and no service lacks an act."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.isolation.matrix import ACTS, CELLS, NOT_TRIED, Row, cell_of, rows

TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.service}: {row.attempt}"[:80])
def test_each_row_has_its_test(row: Row) -> None:
    """And says all that a row says."""
    file, _, function = row.test.partition("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    assert function in {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
    assert all((row.attacker, row.victim, row.attempt, row.stopped_by))
    assert row.act in ACTS


def test_no_row_stands_twice() -> None:
    """What was done to whom."""
    found = [(one.service, one.attacker, one.victim, one.act, one.attempt) for one in rows()]
    assert len(found) == len(set(found))


def test_no_cell_is_empty_without_a_word() -> None:
    """Of a tenant against another or the platform, by service and act: a row, or why there is none; and never both."""
    filled = {cell for row in rows() for cell in cell_of(row)}
    assert set(CELLS) - filled - set(NOT_TRIED) == set()
    assert filled & set(NOT_TRIED) == set()
    assert set(NOT_TRIED) <= set(CELLS)


def test_what_is_not_tried_is_said() -> None:
    """In the page that says what is left."""
    page = (TESTS.parent / "docs" / "threat-model.md").read_text(encoding="utf-8")
    assert [one for one in NOT_TRIED if f"{one[0]}: {one[2]} {one[1]}" not in page] == []
