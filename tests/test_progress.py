"""What `./smos check` shows while the tests run: never silent for long, and nothing that was skipped goes unsaid."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.progress import EVERY_S, Progress

ROOT = Path(__file__).resolve().parent.parent
TESTS = """
import subprocess, sys, time
import pytest

BUSY = "import time\\nwhile time.process_time() < 1.2: pass"

def test_busy_by_another(): subprocess.run([sys.executable, "-c", BUSY], check=True)

@pytest.mark.parametrize("number", range(40))
def test_right(number): pass

def test_wrong(): assert 1 == 2, "one is not two"

@pytest.mark.skip(reason="there is no engine here")
def test_left_out(): pass

def test_patient(): time.sleep(4)

@pytest.fixture
def broken(): raise OSError("no room")

def test_without_its_ground(broken): pass
"""


class Clock:
    """Moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_line_comes_every_few_seconds_and_each_twentieth() -> None:
    """Also while one test takes long: then it is named."""
    clock, lines = Clock(), list[str]()
    progress = Progress(lines.append, clock)
    progress.collected(100)
    for number in range(10):
        progress.began(f"a.py::{number}")
        progress.ended(f"a.py::{number}")
    assert lines == ["100 tests", "  5 % 5/100  0 s", " 10 % 10/100  0 s"]
    progress.began("b.py::long")
    for _ in range(7):
        clock.now += EVERY_S / 2
        progress.look()
    assert lines[3:] == [
        " 10 % 10/100  10 s  in b.py::long for 10 s",
        " 10 % 10/100  20 s  in b.py::long for 20 s",
        " 10 % 10/100  30 s  in b.py::long for 30 s",
    ]


@pytest.mark.parametrize("spread", [[], ["-n", "1"]], ids=["one process", "spread"])
def test_failures_come_at_once_and_skips_and_slow_files_at_the_end(tmp_path: Path, spread: list[str]) -> None:
    """In a log, without a terminal; the last line is pytest's own."""
    (tmp_path / "test_of_it.py").write_text(TESTS)
    words = ["-p", "tests.progress", "-p", "no:cacheprovider", "-q", "--color=no", *spread, str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", "/dev/null", "--rootdir", str(tmp_path), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    begins = next(number for number, line in enumerate(lines) if "FAILURES" in line or "ERRORS" in line)
    during = "\n".join(lines[:begins])
    assert "45 tests" in during
    assert "FAILED test_of_it.py::test_wrong\n       AssertionError: one is not two" in during
    assert "FAILED test_of_it.py::test_without_its_ground (setup)\n       OSError: no room" in during
    assert sum(" % " in line for line in lines) >= 14
    assert "100 % 45/45" in during
    assert "2 failed" in during
    assert any(line.startswith("slowest files: test_of_it.py") for line in lines)
    dear = next(line for line in lines if line.endswith("  test_of_it.py"))
    assert 1.2 <= float(dear.split()[0]) < 5, "what a started process took counts, and what waited does not"
    assert "skipped: 1 of test_of_it.py: there is no engine here" in lines
    assert lines[-1].startswith("1 failed, 42 passed, 1 skipped, 1 error in ")


def test_that_nothing_was_skipped_is_said_too() -> None:
    """So that a log without the line is an incomplete one."""
    assert list(Progress(lambda _: None).closing()) == ["skipped: none"]
