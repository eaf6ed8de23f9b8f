"""A sandbox of its own for these tests, on which the demo has run: the real engine against the simulated clouds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox import client
from sandbox.home import Home
from tests.integration.looked_after import who_may_connect, who_should_not, with_nothing_to_refresh, without_a_mark

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Clone:
    """A copy of the clone with a sandbox of its own, so that a test may edit tracked files."""

    root: Path
    home: Home
    said: list[str] = field(default_factory=list)
    """Everything that was printed by any command that was not asked to show secrets."""

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
        with_nothing_to_refresh(self, stack)
        assert who_should_not(who_may_connect(self, stack)) == set()
        assert without_a_mark(self, stack) == []

    def shell(self, script: str, ok: bool | None = True) -> subprocess.CompletedProcess[str]:
        """A plain shell in the clone, in which the sandbox's environment was evaluated."""
        return self._run(["bash", "-euc", f'eval "$(./smos sandbox env)"\n{script}'], ok)

    def inventory(self, token: str = "") -> list[dict[str, Any]]:
        """What exists in the simulated clouds."""
        done = self.smos("sandbox", "inventory", token, "--json")
        return [json.loads(line) for line in done.stdout.splitlines()]

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


def copy_clone(folder: Path) -> Clone:
    """The tracked and new files of the clone, with the same virtualenv."""
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
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    (root / ".venv").symlink_to(ROOT / ".venv", target_is_directory=True)
    return Clone(root, Home(folder / "sandbox"))


@contextmanager
def demonstrated(folder: Path) -> Iterator[Clone]:
    """A clone in which `./smos demo --json` has just run; its simulated clouds end with the block."""
    clone = copy_clone(folder)
    try:
        clone.smos("demo", "--json")
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
