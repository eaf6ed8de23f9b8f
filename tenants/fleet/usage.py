"""What a run costs this machine: processor seconds and memory, of this process and all that it starts."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import psutil

__all__ = ["Usage"]

EVERY_S = 1.0


class Usage:
    """Looks once in a while, for the block. Memory that several processes share is counted once."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._before = _spent()
        self.core_seconds = 0.0
        self.peak_memory_mb = 0.0

    def __enter__(self) -> Usage:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.core_seconds = _spent() - self._before

    def _look(self) -> None:
        while True:
            self.peak_memory_mb = max(self.peak_memory_mb, _memory_mb())
            if self._ended.wait(EVERY_S):
                return


def _spent() -> float:
    """Of this process, and of those of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _memory_mb() -> float:
    """Of the whole tree; where the system tells no shares, what each process has in memory."""
    total = 0.0
    with contextlib.suppress(psutil.Error):
        for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
            with contextlib.suppress(psutil.Error, OSError):
                total += _share(process.pid) or process.memory_info().rss
    return total / 1e6


def _share(pid: int) -> float:
    """Its proportional share, as the kernel sums it up: much cheaper than reading every mapping."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return float(line.split()[1]) * 1024
    return 0.0
