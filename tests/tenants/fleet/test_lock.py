"""Two runs on all tenants at once: one waits for the other and says for whom; a dead one holds nothing."""

from __future__ import annotations

import getpass
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.target import ROOT, RunTarget, Target
from tenants.fleet import lock
from tenants.fleet.lock import alone, file_of

HOLDS = """
import sys; from pathlib import Path; from deploy.target import Target, RunTarget; from tenants.fleet.lock import alone
folder = Path(sys.argv[1])
place = RunTarget(target=Target.SANDBOX, pulumi=folder, project=folder, hosts_project=folder, scratch=folder / "runs",
                  environ={"PULUMI_BACKEND_URL": f"file://{folder}"})
with alone(place, "apply of 9 tenants on prod", print):
    print("holding", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunTarget:
    """A state of files."""
    monkeypatch.setattr(lock, "LOOK_AGAIN_S", 0.02)
    return RunTarget(
        target=Target.SANDBOX,
        pulumi=tmp_path,
        project=tmp_path,
        hosts_project=tmp_path,
        scratch=tmp_path / "runs",
        environ={"PULUMI_BACKEND_URL": f"file://{tmp_path}"},
    )


@pytest.fixture
def other(place: RunTarget, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another operator's run, which is on."""
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    found = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert found.stdout is not None
    assert found.stdout.readline() == "holding\n"
    yield found
    found.kill()
    found.wait()


def test_the_second_waits_and_says_for_whom(place: RunTarget, other: subprocess.Popen[str]) -> None:
    """Who, which process on which machine, since when, what. Then it is its turn."""
    said: list[str] = []
    got = threading.Event()

    def second() -> None:
        with alone(place, "apply of 1 tenants on prod", said.append) as is_alone:
            assert is_alone
            got.set()

    thread = threading.Thread(target=second)
    thread.start()
    assert not got.wait(0.3)
    (line,) = said
    for words in (
        getpass.getuser(),
        f"process {other.pid} on {socket.gethostname()}",
        "since 20",
        "apply of 9 tenants",
    ):
        assert words in line
    assert other.stdin is not None
    other.stdin.write("\n")
    other.stdin.flush()
    assert got.wait(10)
    thread.join()
    assert len(said) == 1
    assert file_of(place).read_text() == ""


def test_a_killed_run_holds_nothing(place: RunTarget, other: subprocess.Popen[str]) -> None:
    """Its lock went with it; that it did not end well is said."""
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    said: list[str] = []
    with alone(place, "x", said.append) as is_alone:
        assert is_alone
    assert len(said) == 1
    assert f"process {other.pid}" in said[0]
    assert "ended without saying so" in said[0]


@pytest.mark.usefixtures("other")
def test_who_waits_can_give_up(place: RunTarget) -> None:
    """Ctrl-C ends the waiting; the other run is not touched."""
    stopped = iter([False, False, True, True])
    with alone(place, "x", lambda _: None, stopped=lambda: next(stopped)) as is_alone:
        assert not is_alone
    assert "apply of 9 tenants" in file_of(place).read_text()


def test_a_lock_that_holds_nonsense_is_told_all_the_same(place: RunTarget) -> None:
    """A full disk may have cut it off."""
    file_of(place).write_text('{"user": "x')
    with alone(place, "x", lambda _: None) as is_alone:
        assert is_alone


def test_a_state_elsewhere_is_locked_for_this_clone(place: RunTarget, tmp_path: Path) -> None:
    """Beside the clone's own files."""
    remote = RunTarget(**{**vars(place), "environ": {"PULUMI_BACKEND_URL": "s3://bucket?region=x"}})
    assert file_of(remote) == tmp_path / "tenants-run.lock"
    assert file_of(place) == tmp_path / "tenants-run.lock"
