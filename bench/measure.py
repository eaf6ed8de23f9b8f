"""Runs a command and measures it from outside: wall time, and the memory of all its processes together."""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from kept.operator_error import OperatorError

__all__ = ["Figure", "MeasuredRunFailed", "Watch", "median_seconds", "seconds", "seconds_and_facts"]


@dataclass(frozen=True)
class Figure:
    """One line of the benchmark."""

    name: str
    value: float
    unit: str
    limit: float

    @property
    def holds(self) -> bool:
        """Whether the promise is kept."""
        return self.value <= self.limit

    def facts(self) -> dict[str, Any]:
        """The measurement as a JSON object."""
        return {"name": self.name, "value": self.value, "unit": self.unit, "limit": self.limit, "holds": self.holds}


class MeasuredRunFailed(OperatorError):
    """A command that was to be measured failed; its output is the message."""

    def for_operator(self) -> str:
        """Says first that it was one of those measured."""
        return f"a measured command failed: {self}"


def seconds(command: Sequence[str], environ: Mapping[str, str], cwd: Path) -> float:
    """Wall time of a command. Raises MeasuredRunFailed."""
    return _run(command, environ, cwd)[0]


def _run(command: Sequence[str], environ: Mapping[str, str], cwd: Path) -> tuple[float, str]:
    begun = time.monotonic()
    done = subprocess.run(  # noqa: S603  our own commands
        command, env=dict(environ), cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    taken = time.monotonic() - begun
    if done.returncode != 0:
        raise MeasuredRunFailed(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return taken, done.stdout


def seconds_and_facts(command: Sequence[str], environ: Mapping[str, str], cwd: Path) -> tuple[float, dict[str, Any]]:
    """Wall time of a command, and the JSON object that is its last line. Raises MeasuredRunFailed."""
    taken, output = _run(command, environ, cwd)
    found: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return taken, found


def median_seconds(command: Sequence[str], environ: Mapping[str, str], cwd: Path, runs: int = 5) -> float:
    """The median of several runs after one that does not count."""
    seconds(command, environ, cwd)
    return statistics.median(seconds(command, environ, cwd) for _ in range(runs))


class Watch:
    """Samples processes while a block runs."""

    def __init__(
        self, roots: Callable[[], Iterable[psutil.Process]], every_s: float = 0.1, memory: bool = True
    ) -> None:
        """`memory=False` looks at processor time alone: reading memory costs enough to slow down what is measured."""
        self._roots = roots
        self._memory = memory
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.peak_mb = 0.0
        self.cpu_seconds: dict[int, tuple[str, float]] = {}
        """Process → (its command line, the CPU seconds that it had used when last seen)."""

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(self._every_s):
            total = 0
            for process in _tree(self._roots()):
                with contextlib.suppress(psutil.Error):
                    times = process.cpu_times()
                    if process.pid not in self.cpu_seconds:
                        self.cpu_seconds[process.pid] = (" ".join(process.cmdline()), 0.0)
                    self.cpu_seconds[process.pid] = (self.cpu_seconds[process.pid][0], times.user + times.system)
                    total += process.memory_full_info().pss if self._memory else 0
            self.peak_mb = max(self.peak_mb, total / 1e6)


def _tree(roots: Iterable[psutil.Process]) -> Iterable[psutil.Process]:
    found: dict[int, psutil.Process] = {}
    for root in roots:
        with contextlib.suppress(psutil.Error):
            found[root.pid] = root
            found.update({child.pid: child for child in root.children(recursive=True)})
    return found.values()
