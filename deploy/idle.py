"""Whether a provider's process is in the middle of anything: asked by somebody, asking a vendor, or working.

Seen from outside: a connection that is open (an engine that asks it, a vendor that it asks), a process that it has
started, or time on a processor. A vendor's connection that is only kept warm looks the same as one that is waited on,
and counts as work. Nothing here ends anything.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

__all__ = ["QUIET_S", "end_when_idle", "is_provider"]

QUIET_S = 2.0
"""How long nothing must have been seen. Between two questions of the same operation there is less."""
_LOOK_S = 0.2
_WORKING_S = 0.02  # on a processor, between two looks


def is_provider(process: psutil.Process) -> bool:
    """An official plugin, by its name (Linux keeps 15 letters of it), or a folder with a plugin of a project's own."""
    if process.name().startswith("pulumi-resource"):
        return True
    return any(_is_plugin_folder(word) for word in process.cmdline()[1:3])


def _is_plugin_folder(word: str) -> bool:
    return word.startswith("/") and (Path(word) / "PulumiPlugin.yaml").is_file()


def end_when_idle(
    processes: Sequence[psutil.Process], patience_s: float, end: Callable[[psutil.Process], None]
) -> list[psutil.Process]:
    """Ends each process as soon as it has been idle for QUIET_S; answers those that were not within their patience."""
    deadline = time.monotonic() + patience_s
    quiet = {process: time.monotonic() for process in processes}
    worked = {process: _worked_s(process) for process in processes}
    ended: set[psutil.Process] = set()
    left = list(processes)
    while left and time.monotonic() < deadline:
        for process in left:
            now, used = time.monotonic(), _worked_s(process)
            if _holds(process) or used - worked[process] > _WORKING_S:
                quiet[process] = now
            worked[process] = used
            if process not in ended and now - quiet[process] >= QUIET_S:
                end(process)
                ended.add(process)
        _, left = psutil.wait_procs(left, _LOOK_S)
    return left


def _worked_s(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def _holds(process: psutil.Process) -> bool:
    """A connection, or a child; also when that can't be seen."""
    try:
        if process.children():
            return True
        found = process.net_connections(kind="all")
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
    return any(_is_open(one) for one in found)


def _is_open(one: Any) -> bool:
    if one.type != socket.SOCK_STREAM:
        return False  # a question to a name server takes less than QUIET_S, or is asked again
    if one.family == socket.AF_UNIX:
        return not one.laddr  # with a name it is what others connect to
    return bool(one.status != psutil.CONN_LISTEN)
