"""A long operation goes on where it was; nobody else is at it meanwhile."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from kept import Damaged
from recovery.journal import Busy, OtherOperation, journal


def test_a_step_that_ended_is_not_done_again(tmp_path: Path) -> None:
    """Its answer is what it was; one that was cut off is done again."""
    done: list[str] = []

    def work(name: str) -> str:
        done.append(name)
        if name == "second" and done.count("second") == 1:
            raise OSError("the network is gone")
        return f"{name} is done"

    for _ in range(2):
        try:
            with journal(tmp_path, "restore-acme", {"id": "1"}, print) as steps:
                assert steps.step("first", lambda: work("first")) == "first is done"
                steps.step("second", lambda: work("second"))
                steps.end()
        except OSError:
            assert steps.has("first")
            assert not steps.has("second")
    assert done == ["first", "second", "second"]
    with journal(tmp_path, "restore-acme", {"id": "2"}, print) as steps:
        assert not steps.resumed


def test_two_operators_are_refused_and_a_dead_one_is_in_nobodys_way(tmp_path: Path) -> None:
    """The lock is the kernel's: kill -9 gives it back."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with journal(tmp_path, "one", {}, print):
            os.write(writing, b"x")
            signal.pause()
    os.read(reading, 1)
    with pytest.raises(Busy, match=str(child)), journal(tmp_path, "one", {}, print):
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with journal(tmp_path, "one", {}, print) as steps:
        assert not steps.resumed


def test_another_operation_of_the_name_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    """With what it was, and how to give it up; a damaged one is told."""
    with journal(tmp_path, "one", {"id": "1"}, print) as steps:
        steps.step("first", lambda: None)
    with pytest.raises(OtherOperation, match=r"id 1.*Fix"), journal(tmp_path, "one", {"id": "2"}, print):
        pass
    (tmp_path / "one.json").write_text("{")
    with pytest.raises(Damaged, match=r"one\.json"), journal(tmp_path, "one", {"id": "1"}, print):
        pass
