"""Ctrl-C in a run on many tenants: the first lets those end that have begun, the second ends at once.

The engines are in process groups of their own, so that the terminal's Ctrl-C does not reach them beside this.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from types import FrameType

__all__ = ["Stopping", "Why", "listening"]


class Why(IntEnum):
    """Why a run ended before its end, as the exit code says it."""

    FAILURES = 1
    EDITED = 2
    """What the operator wrote is not what the run began with."""
    OPERATOR = 130


class Stopping:
    """Whether a run is to end, and why."""

    def __init__(self) -> None:
        self._why = ""
        self._kind = Why.FAILURES
        self._lock = threading.RLock()  # a signal may come while its own thread is in here

    @property
    def why(self) -> str:
        """Empty as long as it goes on."""
        return self._why

    @property
    def kind(self) -> Why:
        """What kind of a reason it is, once there is one."""
        return self._kind

    def stop(self, why: str, kind: Why = Why.FAILURES) -> None:
        """Nobody begins any more. The first reason stays."""
        with self._lock:
            if not self._why:
                self._why, self._kind = why, kind


@contextmanager
def listening(stopping: Stopping, say: Callable[[str], None], at_once: Callable[[], None]) -> Iterator[None]:
    """For the block, in the main thread: SIGINT and SIGTERM stop the run, the second time with `at_once`."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if stopping.why:
            say("ending at once; run the same command again to complete what was cut off")
            at_once()
        else:
            stopping.stop("stopped by the operator", Why.OPERATOR)
            say("finishing what runs, beginning no more; once more ends at once")

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
