"""A sandbox of its own for these tests, on which the demo has run: the real engine against the simulated clouds."""

from __future__ import annotations

import compileall
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sandbox import client
from sandbox.home import Home
from tests.integration.looked_after import looked_at, who_may_connect, who_should_not

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Clone:
    """A copy of the clone with a sandbox of its own, so that a test may edit tracked files."""

    root: Path
    home: Home
    said: list[str] = field(default_factory=list)
    """Everything that was printed by any command that was not asked to show secrets."""
    left_by_the_demo: set[str] = field(default_factory=set)
    """What was in the sandbox's folder when the demo had just run."""
    terminal: tuple[bytes, str] = (b"", "")
    """Which simulated clouds ran when the environment was evaluated, and what that says."""

    @property
    def environ(self) -> dict[str, str]:
        """As an operator's shell, without what an outer sandbox or CI has set."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "SMOS_"))}
        return {**kept, "SMOS_SANDBOX": str(self.home.folder), "NO_COLOR": "1", "COLUMNS": "160"}

    def smos(self, *arguments: str, ok: bool | None = True) -> subprocess.CompletedProcess[str]:
        """`./smos ARGUMENTS`; with `ok=True` it must succeed, with `False` fail, with None either. What it brought up
        is looked after.
        """
        done = self._run([str(self.root / "smos"), *arguments], ok)
        if ok and arguments[0] in ("up", "demo") and "--down" not in arguments:
            self.look_after("prod" if arguments[0] == "demo" else arguments[1])
        return done

    def look_after(self, stack: str) -> None:
        """Nothing is to be refreshed, nobody may connect who should not, and a lost answer could be told."""
        made = looked_at(self, stack)
        assert made.to_refresh() == []
        assert who_should_not(who_may_connect(self, stack)) == set()
        assert made.without_a_mark() == []

    def shell(self, script: str, ok: bool | None = True) -> subprocess.CompletedProcess[str]:
        """A plain shell in the clone, in which the sandbox's environment was evaluated: once, as long as the same
        simulated clouds run, as in a terminal that stays open.
        """
        return self._run(["bash", "-euc", f"{self._environment()}\n{script}"], ok)

    def _environment(self) -> str:
        running = self._running()
        if not running or self.terminal[0] != running:
            done = self._run([str(self.root / "smos"), "sandbox", "env"], ok=None)
            if done.returncode != 0:
                return 'eval "$(./smos sandbox env)"'  # as it is typed: the script sees what becomes of it
            self.terminal = (self._running(), done.stdout)
        return self.terminal[1]

    def files(self) -> set[str]:
        """What is in the sandbox's folder; links are not followed."""
        found = set()
        for where, folders, files in os.walk(self.home.folder):
            folders[:] = [name for name in folders if not (Path(where) / name).is_symlink()]
            found |= {str((Path(where) / name).relative_to(self.home.folder)) for name in files}
        return found

    def _running(self) -> bytes:
        """The note of the simulated clouds that run."""
        return self.home.note.read_bytes() if self.home.running() else b""

    def inventory(self, token: str = "") -> list[dict[str, Any]]:
        """What exists in the simulated clouds."""
        return list(self.asked("inventory", token=token))

    def asked(self, command: str, **arguments: object) -> Any:
        """What the simulated clouds answer, as `./smos sandbox COMMAND` tells it; which a command is started for in
        tests/integration/test_demo.py.
        """
        running = self.home.running()
        assert running is not None, "the simulated clouds do not run"
        return client.ask(running, command, **arguments)

    def fault(
        self, kind: str, types: str = "*", *, operation: str = "create", times: int = 1, seconds: float = 1
    ) -> None:
        """Plans a vendor's bad day, for types by their tokens."""
        self.asked("fault", kind=kind, token=types, operation=operation, times=times, seconds=seconds)

    def platform(self, stack: str = "prod") -> dict[str, Any]:
        """The stack's output of that name, which holds no secret, as the state has it."""
        state = self.home.state / ".pulumi" / "stacks" / "smarteros" / f"{stack}.json"
        resources = json.loads(state.read_bytes())["checkpoint"]["latest"]["resources"]
        (root,) = [one for one in resources if one["type"] == "pulumi:pulumi:Stack"]
        return dict(root["outputs"]["platform"])

    def _run(self, command: list[str], ok: bool | None) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if not any(asked in word for word in command for asked in ("--show-secrets", "--reveal")):
            self.said.append(done.stdout + done.stderr)
        if ok is not None:
            assert (done.returncode == 0) == ok, f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done


def copy_clone(folder: Path, *, compiled: bool = True) -> Clone:
    """The tracked and new files of the clone, with the same virtualenv; unless told otherwise with what this Python has
    compiled of them, as a clone has it after its first command.
    """
    root = folder / "clone"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            _copy(name, root)
            if compiled and name.endswith(".py") and not name.startswith("tests/"):
                _copy(_compiled(name), root)
    (root / ".venv").symlink_to(ROOT / ".venv", target_is_directory=True)
    return Clone(root, Home(folder / "sandbox"))


def _copy(name: str, root: Path) -> None:
    """With its time, by which Python knows whether what is compiled is of this source."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(ROOT / name, root / name)


@cache
def _compiled(name: str) -> str:
    """The file that Python reads in a source's place; made where it is not there or of an older source."""
    source = ROOT / name
    compileall.compile_file(source, quiet=2)
    return str(Path(importlib.util.cache_from_source(source)).relative_to(ROOT))


@contextmanager
def demonstrated(folder: Path) -> Iterator[Clone]:
    """A clone in which `./smos demo --json` has just run; its simulated clouds end with the block."""
    clone = copy_clone(folder)
    try:
        clone.smos("demo", "--json")
        clone.left_by_the_demo |= clone.files()
        yield clone
    finally:
        client.stop(clone.home)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """The demo that tests share. They leave `prod` as it was, and its Vault open."""
    with demonstrated(tmp_path_factory.mktemp("demo")) as clone:
        yield clone


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Clone]:
    """A clone in which nothing has run."""
    clone = copy_clone(tmp_path)
    try:
        yield clone
    finally:
        client.stop(clone.home)
