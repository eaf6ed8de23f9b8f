"""The page on performance says what was measured, and nothing else."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import fleet_page
from bench.fleet import UNCHANGED_CORE_S, Measured, figures
from deploy.target import ROOT

SVG = "{http://www.w3.org/2000/svg}"
VALUE_WIDTH, VALUE_HEIGHT = 30, 12
"""Of four digits and a point in the size of the values, in the widest of fonts."""


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


def test_the_picture_is_drawn_of_the_figures() -> None:
    """A bar for each size and each of the two, with its value; and the line of the limit."""
    drawn = ElementTree.fromstring(fleet_page.curve(FOUND))  # noqa: S314 - our own text
    values = [text.text for text in drawn.iter(f"{SVG}text") if text.get("class") == "value"]
    assert values == ["2.00", "1.00", "0.90", "0.50", "0.32", "0.32"]
    labels = {text.text for text in drawn.iter(f"{SVG}text")}
    assert {"1", "10", "100", "made", f"unchanged (limit: {UNCHANGED_CORE_S:g})"} <= labels
    limits = [path for path in drawn.iter(f"{SVG}path") if "major" in path.get("class", "")]
    assert len(limits) == 1


def test_the_pictures_texts_keep_apart() -> None:
    """No text lies over another, and none is outside: with what was measured last, and at its narrowest."""
    for found in (fleet_page.read(ROOT), measured((1, 1, 1.0, 0.9), (10, 9, 4.5, 4.4), (100, 90, 40.5, 40.4))):
        drawn = ElementTree.fromstring(fleet_page.curve(found))  # noqa: S314 - our own text
        boxes = list(_values(drawn))
        assert len(boxes) == 2 * len(found.sizes)
        for (left, top, words), (other_left, other_top, other) in itertools.combinations(boxes, 2):
            apart = abs(left - other_left) >= VALUE_WIDTH or abs(top - other_top) >= VALUE_HEIGHT
            assert apart, f"{words} over {other}"
        assert all(VALUE_WIDTH / 2 <= left <= fleet_page.WIDTH - VALUE_WIDTH / 2 for left, _, _ in boxes)


def _values(drawn: ElementTree.Element) -> Iterator[tuple[float, float, str]]:
    for text in drawn.iter(f"{SVG}text"):
        if text.get("class") == "value":
            yield float(text.get("x", "nan")), float(text.get("y", "nan")), text.text or ""


def test_the_picture_is_the_same_whenever_it_is_drawn() -> None:
    """No day, no script, and nothing that a reader's browser would fetch."""
    drawn = fleet_page.curve(FOUND)
    assert drawn == fleet_page.curve(FOUND)
    assert "script" not in drawn
    assert "<!--" not in drawn
    assert set(re.findall(r"https?://[^/\"]+", drawn)) == {"http://www.w3.org"}


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
