"""What docs/tenants.md says that a tenant has, and what becomes of it, each step says."""

from __future__ import annotations

import pytest

from tenants.documented import Documented, Has
from tenants.pages import PAGE, with_tables
from tenants.steps import steps


def test_the_tables_are_made_of_the_steps() -> None:
    """Nobody has written a row by hand."""
    page = PAGE.read_text(encoding="utf-8")
    assert with_tables(page) == page, "made by `python -m tenants.pages`: run it"


def test_every_step_says_what_a_tenant_has_of_it() -> None:
    """And each that loses something by an archive, or keeps something in one, what becomes of it."""
    for step in steps():
        assert step.documented.has, step.name
        assert step.documented.kept or not (step.archived or step.lossy), step.name


def test_another_row_is_another_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands in its table, in the steps' order, and nothing else of the page is changed."""
    page = PAGE.read_text(encoding="utf-8")
    row = Has(where="nowhere", what="nothing", called="-", made_with="luck")
    first = steps()[0]
    monkeypatch.setattr("tenants.pages.steps", lambda: (_with(first, row), *steps()[1:]))
    rows = "".join(f"| {one.where} | {one.what} | {one.called} | {one.made_with} |\n" for one in first.documented.has)
    assert with_tables(page) == page.replace(rows, "| nowhere | nothing | - | luck |\n")


def test_a_page_without_its_table_is_told() -> None:
    """Instead of one that says less than it did."""
    with pytest.raises(LookupError, match=r"no table \| where \| what \| called .*Fix: "):
        with_tables("# Tenants\n")


def _with(step: object, row: Has) -> object:
    from dataclasses import replace

    from tenants.steps.step import Step

    assert isinstance(step, Step)
    return replace(step, documented=replace(step.documented, has=(row,)) if step.documented else Documented())
