"""The processes that the language host starts: programs, plugins and policy packs, none left behind.

Each one runs in its own session, so that the engine's interrupt reaches it only through the host, and
what it started itself ends with it. Not a general process tool.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["Children"]

GRACE_S = 2.0  # between asking a child to end and killing it


class Children:
    """Starts processes and ends those that still run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._programs: set[subprocess.Popen[bytes]] = set()
        self._packs: set[subprocess.Popen[bytes]] = set()
        self._providers: set[subprocess.Popen[bytes]] = set()
        self._cancelled = False

    def start_program(self, command: Sequence[str | Path], *, cwd: str) -> subprocess.Popen[bytes]:
        """Start a program: it reads its order from a pipe and prints where this process prints."""
        with self._lock:
            if self._cancelled:
                raise RuntimeError("the engine has cancelled this run")
            process = subprocess.Popen(  # noqa: S603  the engine says what to run
                [str(part) for part in command],
                cwd=cwd,
                env=_compiling(os.environ),
                stdin=subprocess.PIPE,
                start_new_session=True,
            )
            self._programs.add(process)
        return process

    def start_plugin(
        self, command: Sequence[str | Path], *, cwd: str, env: Mapping[str, str], finishes: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start a provider or policy pack, whose output is read here. `finishes`: it is asked to end and never killed,
        because it may be in the middle of creating something when its engine is gone.
        """
        process = subprocess.Popen(  # noqa: S603  the engine says what to run
            [str(part) for part in command],
            cwd=cwd,
            env=_compiling(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        with self._lock:
            (self._providers if finishes else self._packs).add(process)
        return process

    def wait(self, process: subprocess.Popen[bytes]) -> int:
        """The exit code of a process, after its end."""
        code = process.wait()
        with self._lock:
            self._programs.discard(process)
            self._packs.discard(process)
            self._providers.discard(process)
        return code

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Ask a process and what it started to end, and kill it when it does not and isn't a provider; don't wait."""
        _signal(process, signal.SIGTERM)
        with self._lock:
            if process in self._providers:
                return
        killer = threading.Timer(GRACE_S, _signal, (process, signal.SIGKILL))
        killer.daemon = True
        killer.start()

    def cancel_programs(self) -> None:
        """End every program and start none any more.

        Plugins stay: a provider may be in the middle of creating something, and the engine waits for
        its answer to record it. Killed here, what it creates would be lost.
        """
        with self._lock:
            self._cancelled = True
            programs = list(self._programs)
        _end_and_wait(programs, signal.SIGINT)  # as in a terminal: `finally` blocks run

    def end_all(self) -> None:
        """End everything; a provider when it has finished what it has begun."""
        self.cancel_programs()
        with self._lock:
            packs, providers = list(self._packs), list(self._providers)
        for process in providers:
            _signal(process, signal.SIGTERM)
        _end_and_wait(packs, signal.SIGTERM)
        for process in providers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE_S)


def _end_and_wait(processes: Sequence[subprocess.Popen[bytes]], number: signal.Signals) -> None:
    for process in processes:
        _signal(process, number)
    for process in processes:
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def _compiling(env: Mapping[str, str]) -> dict[str, str]:
    """Programs keep what they import compiled, whatever the shell says: a start takes a third of the time then."""
    return {name: value for name, value in env.items() if name != "PYTHONDONTWRITEBYTECODE"}
