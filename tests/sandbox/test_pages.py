"""docs/providers says exactly what the rules tables do."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.core.kinds import Package
from sandbox.pages import last_checked, page
from sandbox.vendors import packages

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "providers"


@pytest.mark.parametrize("package", packages(), ids=lambda package: package.name)
def test_a_provider_page_is_up_to_date(package: Package) -> None:
    """The page in docs/ is what the tables make today (fix: ./smos sandbox pages)."""
    assert (FOLDER / f"{package.name}.md").read_text(encoding="utf-8") == page(
        package, last_checked(DOCS / "live-checks.json")
    )


@pytest.mark.parametrize("package", packages(), ids=lambda package: package.name)
def test_every_rule_and_gap_is_on_the_page(package: Package) -> None:
    """A rule that refuses something, and every stated gap, can be read in the page."""
    text = page(package, {})
    for kind in package.types:
        assert all(rule.sentence in text for rule in kind.rules)
        assert all(gap in text for gap in kind.not_checked)
