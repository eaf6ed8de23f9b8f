"""A stack of its own for each test, run by the real engine with this clone's language host."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import engine


class Stack:
    """A project folder with a stack `dev`; its state and the engine's home are in the same folder."""

    def __init__(self, folder: Path) -> None:
        self.program = folder / "project"
        self.program.mkdir()
        (folder / "state").mkdir()
        own = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
        self.env = engine.find().environ(own) | {
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "only for this test",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        self.command = str(engine.find().path)
        self.write("Pulumi.yaml", "name: demo\nruntime: python\n")

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project; `../x` lies beside it."""
        file = self.program / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
        return file

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the engine; its two outputs are one."""
        return subprocess.Popen(
            [self.command, *arguments, "--non-interactive", "--color=never"],
            cwd=self.program,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run the engine to its end and return what it printed."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=120)
        assert (process.returncode != 0) == fails, output
        return output

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets opened."""
        found: dict[str, Any] = json.loads(self.run("stack", "output", "--json", "--show-secrets"))
        return found


@pytest.fixture
def new_stack(tmp_path: Path) -> Callable[[str], Stack]:
    """Make a stack with this program."""

    def make(program: str) -> Stack:
        stack = Stack(tmp_path)
        stack.write("__main__.py", program)
        stack.run("stack", "init", "dev")
        return stack

    return make
