"""`./smos demo` as an ordinary user, in a folder with a space and a ñ, on the lowest and the newest Python here."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from engine import cache
from sandbox import client
from sandbox.home import Home
from tests import pythons
from tests.integration.conftest import copy_clone
from tests.real_parts import real_part

pytestmark = pytest.mark.slow

USER = "nobody"
BOUND_S = 600.0
PYTHONS = list(pythons.found().items())


def reachable(python: str, folder: Path) -> tuple[str, dict[str, str]]:
    """An interpreter that another user may start, and the variables that it needs: a copy, where it lies in root's own
    home.
    """
    prefix = Path(python).resolve().parent.parent
    closed = [one for one in prefix.parents if not one.stat().st_mode & 0o001]
    if not closed:
        return python, {}
    copied = folder / "python"
    shutil.copytree(prefix, copied, symlinks=True)
    program = copied / "bin" / Path(python).resolve().name
    return str(program), {"LD_LIBRARY_PATH": str(copied / "lib")}


def owned(folder: Path, user: pwd.struct_passwd) -> None:
    """Gives a folder and what is in it to the user; links are left where they lead."""
    for where, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            os.chown(Path(where) / name, user.pw_uid, user.pw_gid, follow_symlinks=False)


def run(user: pwd.struct_passwd, clone: Path, environ: Mapping[str, str], *words: str) -> str:
    """`./smos WORDS` as that user; its output. It must succeed."""
    done = subprocess.run(
        ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "./smos", *words],
        cwd=clone,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )
    assert done.returncode == 0, f"{words}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.skipif(os.getuid() != 0, reason="who is an ordinary user already runs all other tests as one")
@pytest.mark.skipif(
    shutil.which("setpriv") is None, reason="setpriv (util-linux) is not here: no other user can be had"
)
@real_part("a virtualenv made from the package index, and the demo in it, on the lowest and the newest Python here")
@pytest.mark.parametrize("number", [0, -1], ids=["lowest", "newest"])
def test_the_demo_comes_up(number: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """From nothing but the clone, that Python, and an engine that the user has in the cache folder already."""
    version, python = PYTHONS[number]
    user = pwd.getpwnam(USER)
    folder = Path("/tmp") / f"smos-ordinary-{os.getpid()}-{number % 2}"  # noqa: S108  pytest's own folders are root's alone
    home = folder / "una carpeta ñ"
    home.mkdir(parents=True)
    clone = copy_clone(home, compiled=False)
    (clone.root / ".venv").unlink()
    shutil.copytree(cache.root(), folder / "cache")
    program, needed = reachable(python, folder)
    try:
        owned(folder, user)
        environ = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "LC_ALL": "C",
            "SMOS_CACHE": str(folder / "cache"),
            "SMOS_PYTHON": program,
            **needed,
        }
        said = run(user, clone.root, environ, "demo", "--json")
        assert json.loads(said.splitlines()[-1])["ok"] is True
        assert ".".join(map(str, version)) in run(user, clone.root, environ, "version")
        run(user, clone.root, environ, "demo", "--down")
    finally:
        client.stop(Home(clone.root / ".smos" / "sandbox"))
        shutil.rmtree(folder, ignore_errors=True)
