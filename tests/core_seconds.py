"""How much of a processor the tests take: what each of a test's three parts cost, wherever that was spent.

The clock says little on a machine that is shared, and nothing of what runs beside. Counted are this process, whatever
it started and waited for, and the simulated clouds that its tests brought up, which go on after the command that began
them. Not counted: what else goes on without its parent.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psutil
import pytest

__all__ = ["CoreSeconds", "Measure"]

ATTRIBUTE = "core_s"
"""What a report is given; what spreads the tests over several processes passes it on."""
WORTH_LOOKING_S = 0.5
"""What took less than this brought up no simulated cloud, and left none at work."""
_SERVER = ["-m", "sandbox", "serve"]
_WORKER, _TEST = "PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST"


class CoreSeconds:
    """Seconds of a core, from one look to the next."""

    def __init__(self) -> None:
        self._begun = time.time()
        self._clouds: dict[tuple[int, float], float] = {}
        self._before = self._all(look=True)

    def since(self, *, look: bool = True) -> float:
        """What was spent since it was asked last; `look` at the simulated clouds, too."""
        now = self._all(look=look)
        spent, self._before = now - self._before, now
        return spent

    def _all(self, *, look: bool) -> float:
        if look:
            # One that has ended since counts as it was seen last.
            self._clouds |= {(one.pid, one.create_time()): _of_tree(one) for one in self._servers()}
        own = (resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(one.ru_utime + one.ru_stime for one in own) + sum(self._clouds.values())

    def _servers(self) -> Iterator[psutil.Process]:
        """Those that this process's tests have started."""
        for one in psutil.process_iter(["cmdline", "create_time"]):
            words = one.info["cmdline"] or []
            if words[1:4] == _SERVER and one.info["create_time"] >= self._begun:
                with suppress(psutil.Error):
                    around = one.environ()
                    if _TEST in around and around.get(_WORKER) == os.environ.get(_WORKER):
                        yield one


def _of_tree(process: psutil.Process) -> float:
    """Of a process, of those below it, and of those that have ended."""
    spent = 0.0
    with suppress(psutil.Error):
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                times = one.cpu_times()
                spent += times.user + times.system + times.children_user + times.children_system
    return spent


class Measure:
    """Writes into each report what its part of the test cost."""

    def __init__(self) -> None:
        self._spent = CoreSeconds()

    def pytest_runtest_logstart(self) -> None:
        """What lies between two tests is nobody's."""
        self._spent.since(look=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Any:
        """After set-up, test and clearing away."""
        report = yield
        setattr(report, ATTRIBUTE, self._spent.since(look=call.duration >= WORTH_LOOKING_S))
        return report
