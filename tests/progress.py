"""What `./smos check` shows while the tests run: how far they are, failures as they come; at the end what the dearest
files took of the clock and of a core, which worker was idle how long, and what was skipped and why.

A pytest plugin (`-p tests.progress`), for a terminal and for a log alike: whole lines, no dots. It decides nothing.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.core_seconds import ATTRIBUTE, Measure

__all__ = ["Progress"]

EVERY_S = 10.0
"""A line at least so often, whatever happens."""
EVERY_SHARE = 0.05
SLOWEST = 8
DEAREST = 25


class Progress:
    """Counts, and says so."""

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._begun = self._said = clock()
        self._said_done = 0
        self._lock = threading.Lock()
        self.all = 0
        self.done = 0
        self.failed = 0
        self._running: dict[str, float] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._core_seconds: defaultdict[str, float] = defaultdict(float)
        self._last_seen: dict[str, float] = {}
        self._skipped: Counter[tuple[str, str]] = Counter()

    def collected(self, count: int) -> None:
        """How many there are."""
        with self._lock:
            if count and not self.all:
                self.all = count
                self._write(f"{count} tests")

    def began(self, name: str) -> None:
        """A test has begun."""
        with self._lock:
            self._running[name] = self._clock()

    def reported(self, report: Any) -> None:
        """One of a test's three parts has ended: its set-up, itself, its clearing away."""
        with self._lock:
            file = report.nodeid.partition("::")[0]
            self._seconds[file] += report.duration
            self._core_seconds[file] += getattr(report, ATTRIBUTE, 0.0)
            self._last_seen[getattr(report, "worker_id", "")] = self._clock()
            if report.skipped and not hasattr(report, "wasxfail"):
                self._skipped[(_reason(report), file)] += 1
            if report.failed:
                self.failed += 1
                self._write(f"FAILED {report.nodeid}" + ("" if report.when == "call" else f" ({report.when})"))
                self._write(_why(report))

    def ended(self, name: str) -> None:
        """All of a test has ended."""
        with self._lock:
            self._running.pop(name, None)
            self.done += 1
        self.look(only_time=False)

    def look(self, *, only_time: bool = True) -> None:
        """Says how far it is, when that is due."""
        with self._lock:
            now = self._clock()
            far = self.all > 0 and self.done - self._said_done >= self.all * EVERY_SHARE
            if now - self._said < EVERY_S and (only_time or not far) and self.done != self.all:
                return
            self._said, self._said_done = now, self.done
            self._write(self._line(now))

    def _line(self, now: float) -> str:
        share = f"{100 * self.done // self.all:3d} %" if self.all else "     "
        parts = [f"{share} {self.done}/{self.all or '?'}", f"{now - self._begun:.0f} s"]
        if self.failed:
            parts.append(f"{self.failed} failed")
        longest = min(self._running.items(), key=lambda one: one[1], default=None)
        if longest is not None and now - longest[1] >= EVERY_S:
            parts.append(f"in {longest[0]} for {now - longest[1]:.0f} s")
        return "  ".join(parts)

    def closing(self) -> Iterator[str]:
        """The lines at the end."""
        slowest = sorted(self._seconds.items(), key=lambda one: -one[1])[:SLOWEST]
        if slowest:
            yield "slowest files: " + ", ".join(f"{file} {seconds:.0f} s" for file, seconds in slowest)
        dearest = sorted(self._core_seconds.items(), key=lambda one: -one[1])
        if dearest:
            yield f"core seconds: {sum(self._core_seconds.values()):.0f} in {len(dearest)} files, of which the dearest:"
        yield from (f"  {spent:6.1f}  {file}" for file, spent in dearest[:DEAREST] if spent >= 1.0)
        if len(self._last_seen) > 1:
            end = self._clock()
            waits = (f"{who} {end - seen:.0f} s" for who, seen in sorted(self._last_seen.items()))
            yield "idle at the end: " + ", ".join(waits)
        for (reason, file), count in sorted(self._skipped.items()):
            yield f"skipped: {count} of {file}: {reason}"
        if not self._skipped:
            yield "skipped: none"


def _reason(report: Any) -> str:
    found = report.longrepr
    text = found[2] if isinstance(found, tuple) else str(found)
    return str(text).removeprefix("Skipped: ").strip() or "no reason is given"


def _why(report: Any) -> str:
    """The last thing that its report says, in one line; all of it comes at the end."""
    with suppress(AttributeError):
        return f"       {report.longrepr.reprcrash.message.splitlines()[0][:200]}"
    lines = str(report.longrepr or "").strip().splitlines()
    return f"       {lines[-1][:200] if lines else 'no reason is given'}"


class _Plugin:
    """Between pytest (or what spreads its tests over several processes) and Progress."""

    def __init__(self, config: pytest.Config) -> None:
        self._plugins = config.pluginmanager
        self._progress = Progress(self._write)
        self._over = threading.Event()

    def _write(self, text: str) -> None:
        terminal: Any = self._plugins.get_plugin("terminalreporter")
        terminal.ensure_newline()
        terminal.write_line(text, flush=True)

    def pytest_sessionstart(self) -> None:
        threading.Thread(target=self._beat, daemon=True).start()

    def _beat(self) -> None:
        while not self._over.wait(1.0):
            self._progress.look()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._progress.collected(len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self._progress.collected(len(ids))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._progress.began(nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self._progress.reported(report)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._progress.ended(nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self, report: Any) -> Any:
        """Counted as ever, but without a dot."""
        category, _letter, _word = yield
        return category, "", ""

    def pytest_sessionfinish(self) -> None:
        self._over.set()

    def pytest_terminal_summary(self) -> None:
        for line in self._progress.closing():
            self._write(line)


def pytest_configure(config: pytest.Config) -> None:
    """Shown by one process; measured by each that runs tests."""
    shows = not hasattr(config, "workerinput")
    if shows:
        config.pluginmanager.register(_Plugin(config), "progress-of-the-tests")
    if not shows or not config.getoption("numprocesses", None):
        config.pluginmanager.register(Measure(), "cost-of-the-tests")
