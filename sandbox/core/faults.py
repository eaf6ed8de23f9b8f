"""Faults on demand: what a vendor's API does on a bad day, planned by a test or by `smos sandbox fault`.

Not here: wrong inputs (the rules refuse those) and lost records (delete them from the inventory).
"""

from __future__ import annotations

import fnmatch
import os
import signal
import threading
import time
from dataclasses import dataclass, replace
from typing import Literal, NoReturn, get_args

import grpc

__all__ = ["Fault", "Faults"]

FaultKind = Literal["throttled", "unavailable", "lost-answer", "slow", "crash"]
KINDS: tuple[str, ...] = get_args(FaultKind)


@dataclass(frozen=True)
class Fault:
    """One planned fault.

    throttled: 429 with Retry-After. unavailable: 503. lost-answer: the change is made, then the answer is lost.
    slow: `seconds` of delay. crash: the provider's process is killed after the change.
    """

    kind: FaultKind
    token: str = "*"
    """Which types, as a shell pattern."""
    operation: str = "*"
    """create, update, delete, or a pattern."""
    times: int = 1
    seconds: float = 1.0


class Faults:
    """The faults still to come."""

    def __init__(self) -> None:
        self._planned: list[Fault] = []
        self._lock = threading.Lock()

    def plan(self, fault: Fault) -> None:
        """Adds a fault. Raises ValueError for a kind that there is not."""
        if fault.kind not in KINDS:
            raise ValueError(f"{fault.kind} is no kind of fault; one of: {', '.join(KINDS)}")
        with self._lock:
            self._planned.append(fault)

    def clear(self) -> None:
        """Forgets every fault that was planned and has not happened."""
        with self._lock:
            self._planned.clear()

    def before(self, operation: str, token: str, context: grpc.ServicerContext) -> _Pending:
        """Meets the fault that strikes now, if any; what strikes after the change is left to `after`."""
        fault = self._take(operation, token)
        if fault is None:
            return _Pending(None)
        if fault.kind == "throttled":
            _fail(
                context,
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f'Code="TooManyRequests" 429, Retry-After: {fault.seconds:g}',
            )
        if fault.kind == "unavailable":
            _fail(
                context,
                grpc.StatusCode.UNAVAILABLE,
                'Code="ServiceUnavailable" 503: the service is unavailable, try again',
            )
        if fault.kind == "slow":
            time.sleep(fault.seconds)
            return _Pending(None)
        return _Pending(fault)

    def _take(self, operation: str, token: str) -> Fault | None:
        with self._lock:
            for index, fault in enumerate(self._planned):
                if fnmatch.fnmatch(token, fault.token) and fnmatch.fnmatch(operation, fault.operation):
                    if fault.times <= 1:
                        del self._planned[index]
                    else:
                        self._planned[index] = replace(fault, times=fault.times - 1)
                    return fault
        return None


@dataclass(frozen=True)
class _Pending:
    """A fault that strikes after the change was made."""

    fault: Fault | None

    def after(self, context: grpc.ServicerContext) -> None:
        """Plays the fault, now that the change was made: an answer lost, a crash."""
        if self.fault is None:
            return
        if self.fault.kind == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        _fail(
            context,
            grpc.StatusCode.DEADLINE_EXCEEDED,
            "context deadline exceeded: the answer was lost after the change was made",
        )


def _fail(context: grpc.ServicerContext, code: grpc.StatusCode, text: str) -> NoReturn:
    context.abort(code, text)
    raise AssertionError("abort returns never")
