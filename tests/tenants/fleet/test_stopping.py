"""Ctrl-C once finishes what runs, twice ends at once; an engine of a fleet hears neither from the terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from deploy import engine_run
from deploy.engine_run import EngineFailed, end_at_once
from deploy.target import RunTarget, Target
from tenants.fleet.stopping import Stopping, listening


def test_the_first_stops_and_the_second_ends_at_once() -> None:
    """SIGTERM counts as one. What was there before is there afterwards."""
    before = signal.getsignal(signal.SIGINT)
    stopping, said, ended = Stopping(), list[str](), list[bool]()
    with listening(stopping, said.append, lambda: ended.append(True)):
        os.kill(os.getpid(), signal.SIGINT)
        assert (stopping.why, ended) == ("stopped by the operator", [])
        os.kill(os.getpid(), signal.SIGTERM)
        assert ended == [True]
    assert signal.getsignal(signal.SIGINT) == before
    assert "finishing what runs" in said[0]
    assert "ending at once" in said[1]


def test_the_first_reason_stays() -> None:
    """What ended a run is told, not what came after it."""
    stopping = Stopping()
    stopping.stop("the first")
    stopping.stop("another")
    assert stopping.why == "the first"


@pytest.fixture
def place(tmp_path: Path) -> RunTarget:
    """One whose engine tells its process group, and then waits; it ends on the second signal only."""
    engine = tmp_path / "pulumi"
    engine.write_text(
        f"#!{sys.executable}\nimport os, signal, sys, time\nsignal.signal(signal.SIGINT, lambda *_: None)\n"
        "open(sys.argv[1], 'w').write(f'{os.getpid()} {os.getpgrp()}')\ntime.sleep(60)\ntime.sleep(60)\n"
    )
    engine.chmod(0o700)
    return RunTarget(
        target=Target.SANDBOX,
        pulumi=engine,
        project=tmp_path,
        hosts_project=tmp_path,
        scratch=tmp_path,
        environ={"PATH": os.environ["PATH"]},
        apart=True,
    )


def test_an_engine_apart_is_ended_by_its_run_alone(
    place: RunTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a process group of its own; at once is interrupted first, and soon after killed."""
    monkeypatch.setattr(engine_run, "AT_ONCE_S", 0.3)
    note, failed = tmp_path / "note", list[EngineFailed]()

    def start() -> None:
        try:
            engine_run.run(place, tmp_path, str(note), capture=True)
        except EngineFailed as error:
            failed.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    deadline = time.monotonic() + 10
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    pid, group = map(int, note.read_text().split())
    assert pid == group != os.getpgrp()
    end_at_once()
    thread.join(10)
    assert failed
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert subprocess.run(["true"], check=True).returncode == 0
