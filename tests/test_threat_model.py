"""docs/threat-model.md names, for each harm, the test that shows what stops it: each of them exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", PAGE)))
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| harm", "| ---"))]


@pytest.mark.parametrize("name", NAMED)
def test_what_it_names_exists(name: str) -> None:
    """The file, and in it a test of that name that is never skipped outright."""
    file, _, test = name.partition("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    found = {one.name: one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
    if test:
        assert test in found
        marks = [ast.unparse(one) for one in found[test].decorator_list]
        assert not [one for one in marks if one.startswith(("pytest.mark.skip(", "pytest.mark.xfail"))]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:40])
def test_each_harm_has_what_stops_it_and_who_shows_it(row: str) -> None:
    """A row without a test is no row of these tables: it belongs to what is left."""
    _, harm, stops, shown, _ = row.split(" | ") if row.count(" | ") == 4 else ["", *row.strip("| ").split(" | "), ""]
    assert harm
    assert stops
    assert "`tests/" in shown


def test_what_is_left_is_told() -> None:
    """Plainly, at the end."""
    left = PAGE.partition("## What is left")[2]
    assert left.count("\n- ") >= 8
