"""The lives, step by step, each step with an end; what a step says goes to a file, its reason to the report."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psutil

from kept.say import Say

__all__ = ["LIVES", "Result", "Step", "live"]

ROOT = Path(__file__).resolve().parent.parent.parent
_KILLED_AFTER_S = (2.0, 12.0)
END_S = 120.0


class Step(NamedTuple):
    """One step, and after how many seconds it is ended and counts as failed."""

    name: str
    argument: str = ""
    timeout_s: float = 900.0
    killed: str = ""
    """Not waited for: after a random time, `all` of it or the `engine` alone is killed with SIGKILL."""

    def __str__(self) -> str:
        how = f", killed ({self.killed})" if self.killed else ""
        return f"{self.name} {self.argument}".strip() + how


@dataclass(frozen=True)
class Result:
    """What came of a step."""

    life: str
    step: str
    seconds: float
    why: str = ""
    """Why it failed; empty when it did not."""


def _platform(stack: str, *between: Step, first: Sequence[Step] = ()) -> tuple[Step, ...]:
    killed = [Step("up", stack, killed=how) for how in ("all", "engine")]
    ups = [Step("up", stack), Step("unchanged", stack), Step("refreshed", stack)]
    end = [Step("destroy", stack), Step("ended", timeout_s=END_S)]
    return (*first, *killed, *ups, *between, *end)


LIVES: Mapping[str, tuple[Step, ...]] = {
    "local": _platform("local"),
    "backup": _platform("backup", first=[Step("full", "backup")]),
    "prod": _platform(
        "prod",
        Step("access", "prod"),
        Step("unchanged", "prod"),
        *(Step("applied", "prod/acme", killed=how) for how in ("engine", "all")),
        Step("tenant", "prod/acme"),
        Step("refreshed", "prod"),
    ),
}


def live(name: str, environ: Mapping[str, str], folder: Path, chance: random.Random, say: Say) -> Iterator[Result]:
    """Every step of a life, up to the first that fails; then the simulated clouds are ended all the same."""
    steps = LIVES[name]
    for number, step in enumerate(steps):
        begun = time.monotonic()
        why = _run(step, environ, folder / f"{name}-{number:02}-{step.name}.log", chance)
        result = Result(name, str(step), round(time.monotonic() - begun, 1), why)
        say(f"{name}: {result.step}: {why or 'as wanted'} ({result.seconds:g} s)")
        yield result
        if why:
            _run(Step("ended", timeout_s=END_S), environ, folder / f"{name}-ended.log", chance)
            return


def _run(step: Step, environ: Mapping[str, str], log: Path, chance: random.Random) -> str:
    """Why it failed; empty when it did not. Its processes are gone afterwards, but those of a kill under test."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.plugins.step", step.name, step.argument],
            cwd=ROOT,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        if step.killed:
            return _killed(process, step, chance)
        try:
            process.wait(step.timeout_s)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return f"not ended within {step.timeout_s:g} s; what it said: {log}"
    return "" if process.returncode == 0 else f"{_last_lines(log)} (all of it: {log})"


def _killed(process: subprocess.Popen[bytes], step: Step, chance: random.Random) -> str:
    """A kill is no failure; that the step had ended by itself is none either."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(chance.uniform(*_KILLED_AFTER_S))
    with suppress(ProcessLookupError, psutil.Error):
        if step.killed == "all":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            for child in psutil.Process(process.pid).children(recursive=True):
                if child.name() == "pulumi":
                    child.kill()
    try:
        process.wait(120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return "did not notice for 120 s that its engine was killed"
    return ""


def _last_lines(log: Path) -> str:
    """The end of what a step said: the reason, and how to mend it."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return " ".join(lines[-2:])[-600:] or "it said nothing"
