"""One server a sandbox, also while it starts: two would want the same ports."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox import client
from sandbox.home import ROOT, Home, SandboxError


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
        with pytest.raises(SandboxError, match=rf"process {os.getpid()}\)\. Mend"), home.serving():
            pass
    assert not home.is_served
