"""An ordinary user in a clone that is root's, where nothing can be written: every command says so in words."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox import client
from sandbox.home import Home
from tests.integration.conftest import ROOT, copy_clone
from tests.integration.test_ordinary_machine import USER, reachable

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.getuid() != 0, reason="what nobody may write can be made by root alone"),
    pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux): no other user can be had"),
]

READS = ("--help", "up --help", "policies prod", "capacity --stack prod", "host cloud-init prod --key {key}")
WRITES = (
    "up prod --yes",
    "preview prod",
    "demo",
    "sandbox start",
    "tenant list",
    "tenant apply acme",
    "state list prod",
)


@dataclass
class Place:
    """A clone that is root's, and who is not."""

    root: Path
    environ: dict[str, str]

    def smos(self, words: str) -> subprocess.CompletedProcess[str]:
        """`./smos WORDS` as that user."""
        user = pwd.getpwnam(USER)
        return subprocess.run(
            ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "./smos", *words.split()],
            cwd=self.root,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """The clone is ready: its virtualenv is there, of an interpreter that everybody may start."""
    folder = Path(tempfile.mkdtemp(prefix="smos-read-only-"))
    folder.chmod(0o755)
    clone = copy_clone(folder)
    (clone.root / ".venv").unlink()
    shutil.copytree(ROOT / ".venv", clone.root / ".venv", symlinks=True, copy_function=_linked)
    (clone.root / ".venv" / "pyvenv.cfg").unlink()  # the other's own, and written anew below
    shutil.copy2(ROOT / ".venv" / "pyvenv.cfg", clone.root / ".venv" / "pyvenv.cfg")
    program, needed = reachable(os.path.realpath(sys.executable), folder)
    python = clone.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(program)
    env = clone.root / ".venv" / "pyvenv.cfg"
    env.write_text(re.sub(r"(?m)^home = .*$", f"home = {Path(program).parent}", env.read_text()))
    environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C", "SMOS_PYTHON": program}
    try:
        yield Place(clone.root, {**environ, **needed})
    finally:
        client.stop(Home(clone.root / ".smos" / "sandbox"))
        shutil.rmtree(folder, ignore_errors=True)


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


@pytest.mark.parametrize("words", READS)
def test_what_writes_nothing_works(words: str, place: Place) -> None:
    """As for anybody."""
    done = place.smos(words.format(key=_key(place)))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def _key(place: Place) -> Path:
    key = place.root / "key.pub"
    key.write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIITbnzfDQScE66+bH0qNgWBV23G4yZtKM3R998yn3/cp\n")
    return key


@pytest.mark.parametrize("words", WRITES)
def test_what_would_write_says_where_it_can_not(words: str, place: Place) -> None:
    """The path in the clone, why, and how to mend it; exit code 1, and nothing is started."""
    done = place.smos(words)
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "Traceback" not in said, said
    assert str(place.root / ".smos") in said
    assert "Permission denied" in said
    assert "Fix" in said
    assert Home(place.root / ".smos" / "sandbox").running() is None


def test_a_clone_that_is_not_ready_says_so_before_its_set_up(place: Place) -> None:
    """The set-up writes `.venv` there, which it can't."""
    aside = place.root / ".venv-aside"
    (place.root / ".venv").rename(aside)
    try:
        done = place.smos("--help")
        said = done.stdout + done.stderr
        assert done.returncode == 1, said
        assert "Traceback" not in said, said
        assert str(place.root) in said
        assert "Fix: " in said
    finally:
        aside.rename(place.root / ".venv")
