"""One server a sandbox, also while it starts: two would want the same ports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from sandbox import client
from sandbox.home import ROOT, Home, SandboxError, write_private


@pytest.mark.slow
def test_a_server_that_a_killed_command_began_to_start_is_taken(tmp_path: Path) -> None:
    """Who comes next waits for it, instead of starting another one that finds every port taken."""
    home = Home(tmp_path / "sandbox")
    client.begin(home)
    begun = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "serve", str(home.folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 30
        while not home.is_served and time.monotonic() < deadline:
            time.sleep(0.01)
        assert home.running() is None, "it runs already: nothing was tried"
        assert client.start(home).pid == begun.pid
    finally:
        client.stop(home)
        begun.kill()
        begun.wait()
    assert not home.is_served


def test_a_second_server_of_one_folder_ends_with_the_reason(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.serving():
        assert home.is_served
        with pytest.raises(SandboxError, match=rf"process {os.getpid()}\)\. Fix"), home.serving():
            pass
    assert not home.is_served


@pytest.mark.parametrize(("is_there", "ends"), [(True, False), (False, True)])
def test_another_clones_server_is_left_alone(tmp_path: Path, *, is_there: bool, ends: bool) -> None:
    """To start it anew with another program would seal its Vaults. That of a clone that has gone is nobody's."""
    home, other = Home(tmp_path / "sandbox"), tmp_path / "other"
    other.mkdir()
    if is_there:
        (other / "smos").touch()
    client.begin(home)
    server = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        note = {"pid": server.pid, "started": psutil.Process(server.pid).create_time(), "ports": {}, "control": 0}
        write_private(home.note, json.dumps({**note, "token": "", "code": "its own", "clone": str(other)}))
        if is_there:
            with pytest.raises(SandboxError, match=f"of another clone, {other}.*Fix"):
                client.start(home)
        else:
            client._refuse_anothers(home, home.running())
            client.stop(home)
        assert (server.poll() is not None) == ends
    finally:
        server.kill()
        server.wait()
