"""What a killed run left running: its engine, language host, program and providers, which must not write on.

Every engine that this project starts carries the mark of the command that started it. A process with the mark of a
command that is gone is an orphan. An engine is asked to stop as by Ctrl-C (it finishes what it has begun and gives its
lock back), a provider may finish with what it has started (deploy/idle.py), everything else is ended. Processes
without the mark are never touched.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import psutil

from deploy.idle import end_when_idle, is_provider
from deploy.target import RunTarget
from kept.say import Say

__all__ = ["MARK", "end_orphans", "mark", "stop_with_parent"]

MARK = "SMOS_RUN"
FINISH_S = 60.0
END_S = 5.0
# Found here: in a child of a process with threads, looking for it could wait for ever.
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def mark() -> dict[str, str]:
    """The variable that tells whose run an engine belongs to: this process, and since when it runs."""
    return {MARK: f"{os.getpid()}@{psutil.Process().create_time():.2f}"}


def stop_with_parent() -> None:
    """In the child, before it becomes the engine: be interrupted when the command is killed. Linux alone has this;
    elsewhere the next run finds the orphan.
    """
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGINT)


def end_orphans(place: RunTarget, say: Say) -> None:
    """Ends what a dead command has left running against the same state; waits until it has gone.

    A provider may finish what it has begun: it is ended as soon as nobody asks it and it asks nobody.
    """
    backend = place.environ.get("PULUMI_BACKEND_URL", "")
    orphans = list(_orphans(backend))
    if not orphans:
        return
    say(f"ending {len(orphans)} processes that a killed run left behind")
    providers = [process for process in orphans if _provides(process)]
    theirs = [child for process in providers for child in _begun(process)]  # by a provider: part of what it does
    engines, others = [], []
    for process in orphans:
        with suppress(psutil.Error):
            if process.name() == "pulumi":
                process.send_signal(signal.SIGINT)
                engines.append(process)
            elif process not in providers and process not in theirs:
                process.terminate()
                others.append(process)
    begun = time.monotonic()
    late = end_when_idle(providers, FINISH_S, _terminate)
    for process in late:
        with suppress(psutil.Error):
            say(f"{process.name()} still worked after {FINISH_S:.0f} s and is ended: what it made may be unrecorded")
    _, slow = psutil.wait_procs(engines, max(0.0, FINISH_S - (time.monotonic() - begun)))
    for process in theirs:
        _terminate(process)
    _, rest = psutil.wait_procs([*others, *theirs], END_S)
    for process in [*late, *slow, *rest]:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs([*late, *slow, *rest], END_S)


def _provides(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return is_provider(process)
    return False


def _begun(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return process.children(recursive=True)
    return []


def _terminate(process: psutil.Process) -> None:
    with suppress(psutil.Error):
        process.terminate()


def _orphans(backend: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            environ = process.environ()
            run = environ.get(MARK)
            if run and environ.get("PULUMI_BACKEND_URL", "") == backend and not _alive(run):
                yield process


def _alive(run: str) -> bool:
    pid, _, started = run.partition("@")
    try:
        process = psutil.Process(int(pid))
        return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - float(started)) < 1.0
    except (psutil.Error, ValueError):
        return False
