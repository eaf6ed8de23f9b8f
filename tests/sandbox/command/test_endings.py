"""What the shell's own words decide is known, and nothing of the host is touched or waited for."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from sandbox.command.endings import always_fails


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 3", 3),
        ("docker ps; exit 4", 4),
        ("docker ps || exit 4", 0),
        ("docker ps && false", 1),
        ("set -e; false; true", 1),
        ("for one in a b; do false; done", 1),
        ("x=1; exit $x", 1),
        ("exit $x", 0),
        ("f() { return 3; }; f", 3),
        ("eval 'exit 5'", 5),
        ("kill -9 $$", 137),
        ("docker ps && ! docker inspect x", 0),
        ("a && b || exit 1", 0),
        ("command -v docker || exit 1", 0),
        ("[ -e /etc/docker ]", 0),
        ("[ 3 -gt 5 ]", 1),
        ("cd /nonexistent", 0),
        ("case x in y) true;; *) exit 2;; esac", 2),
        ('[ -n "$(docker ps)" ]', 0),
    ],
)
def test_it_is_known_or_it_is_not(script: str, code: int) -> None:
    """A program of the host may succeed or fail: what fails either way is refused."""
    assert always_fails(script) == code


@pytest.mark.parametrize(
    "script", ["while true; do true; done", "while true; do true; done & exit 1", "until docker ps; do true; done"]
)
def test_nothing_is_waited_for(script: str) -> None:
    """Two seconds each way at most, and it is not known."""
    begun = time.monotonic()
    assert always_fails(script) == 0
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    "script",
    [
        *("touch {file}; false", "echo x > {file}; false", "exec 2>{file}; false", "eval touch {file}; false"),
        *("history -w {file}; false", "x=history; $x -w {file}", "eval 'his''tory -w {file}'; false"),
    ],
)
def test_nothing_is_done(script: str, tmp_path: Path) -> None:
    """No program runs, and nothing is written."""
    always_fails(script.format(file=tmp_path / "made"))
    assert list(tmp_path.iterdir()) == []


def test_no_process_is_ended() -> None:
    """The builtin that ends processes is off, also where its name is put together or asked for outright."""
    victim = subprocess.Popen(["sleep", "30"])
    try:
        for script in (
            "kill {pid}",
            "x=kill; $x {pid}",
            "eval 'ki''ll {pid}'",
            "eval 'bui''ltin kill {pid}'",
            "command kill {pid}",
        ):
            always_fails(f"{script.format(pid=victim.pid)}; false")
        assert victim.poll() is None
    finally:
        victim.kill()
        victim.wait()
