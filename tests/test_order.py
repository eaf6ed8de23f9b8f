"""The order in which workers are given the tests' files."""

from __future__ import annotations

from pathlib import Path

from tests.order import DEAR, place

ROOT = Path(__file__).resolve().parent.parent


def test_every_dear_file_is_there_and_each_once() -> None:
    """A name that is no more would stand in the way of its successor, which would come with the quick ones."""
    assert [file for file in DEAR if not (ROOT / file).is_file()] == []
    assert len(set(DEAR)) == len(DEAR)


def test_what_brings_up_the_simulated_clouds_is_dear() -> None:
    """Also what the list has not yet: among the quick files it would leave one worker alone at the end."""
    files = [str(file.relative_to(ROOT)) for file in (ROOT / "tests" / "integration").glob("test_*.py")]
    assert [file for file in [*files, "tests/integration/test_a_new_one.py"] if not place(f"{file}::test_x")] == []


def test_the_quick_ones_come_first_and_the_dearest_next() -> None:
    """Whatever the name of a test in its file."""
    names = [f"{DEAR[1]}::test_a", "tests/test_settings.py::test_b[x::y]", f"{DEAR[0]}::test_c"]
    assert sorted(names, key=place) == [names[1], names[2], names[0]]
