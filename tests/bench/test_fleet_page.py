"""The page on performance says what was measured, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import fleet_page
from bench.fleet import Measured, figures
from deploy.target import ROOT


def measured(*sizes: tuple[int, int, float, float]) -> Measured:
    """(tenants, made, core-seconds of making them, core-seconds of all unchanged)."""
    return Measured(
        at="2030-01-01 00:00 UTC",
        cores=2,
        load=[0.1, 0.2],
        resources=31,
        nobody_core_s=0.5,
        sizes=[
            {
                "tenants": tenants,
                "made": made,
                "created_core_s": created,
                "unchanged_core_s": unchanged,
                "unchanged_seconds": 1.0,
                "few": 3,
                "few_seconds": tenants / 10,
                "peak_memory_mb": 240,
            }
            for tenants, made, created, unchanged in sizes
        ],
        loop={
            "tenants": 10,
            "workers": 2,
            "loop_seconds": 12.0,
            "fleet_seconds": 3.0,
            "ratio": 4.0,
            "loop_core_s": 1.0,
            "fleet_core_s": 0.25,
        },
    )


FOUND = measured((1, 1, 2.5, 1.0), (10, 9, 9.5, 3.7), (100, 90, 81.5, 32.5))


def test_one_tenant_more_is_what_lies_between_two_sizes() -> None:
    """The start of a run is nobody's; what is promised holds for every size after the first."""
    assert FOUND.marginal("unchanged_core_s") == pytest.approx([0.5, 0.3, 0.32])
    assert FOUND.marginal("created_core_s") == pytest.approx([2.0, 7.0 / 8, 72.0 / 81])
    assert FOUND.each("created_core_s") == pytest.approx([2.0, 1.0, 0.9])
    found = {one.name: one for one in figures(FOUND)}
    assert (found["tenant unchanged"].value, found["tenant created"].value) == (0.32, 0.89)
    assert found["memory a worker"].value == 120
    assert found["dearest size to cheapest"].value == pytest.approx(1.07)
    assert found["100 tenants, 3 of them changed"].value == 10.0
    assert all(one.holds for one in found.values())


def test_what_does_not_hold_is_said() -> None:
    """A limit that is passed is a "no" in the table."""
    dear = measured((1, 1, 2.5, 1.0), (10, 9, 19.5, 9.0), (100, 90, 121.5, 32.5))
    assert [one.holds for one in figures(dear)] == [False, False, True, True, True, False]
    assert fleet_page.table(dear).count("| no |") == 3


def test_the_curve_is_drawn_of_the_figures() -> None:
    """A point for each size, with its value."""
    drawn = fleet_page.curve(FOUND)
    assert drawn.count("<circle ") == 6
    for text in ("1", "10", "100", "0.32", "0.90", "1.00", "2.00"):
        assert f">{text}</text>" in drawn


def test_the_page_keeps_what_is_written_around_it(tmp_path: Path) -> None:
    """Written twice, it is the same."""
    (tmp_path / "docs").mkdir()
    (tmp_path / fleet_page.PAGE).write_text(f"before\n{fleet_page.BEGIN}\nfrom before\n{fleet_page.END}\nafter\n")
    fleet_page.write(FOUND, tmp_path)
    once = (tmp_path / fleet_page.PAGE).read_text()
    fleet_page.write(fleet_page.read(tmp_path), tmp_path)
    assert (tmp_path / fleet_page.PAGE).read_text() == once
    assert once.startswith("before\n")
    assert once.endswith("after\n")
    assert "| 100 | 0.90 | 0.89 | 0.32 | 0.32 |" in once
    assert "from before" not in once


def test_the_kept_page_is_made_of_the_kept_figures() -> None:
    """Nobody has written a number by hand."""
    kept = fleet_page.read(ROOT)
    page = (ROOT / fleet_page.PAGE).read_text()
    assert fleet_page.filled(page, kept) == page
    assert (ROOT / fleet_page.CURVE).read_text() == fleet_page.curve(kept)
