"""The life of one PostgreSQL server process: no longer than the sandbox that started it, and never found by
name.

A small shell holds a pipe from us and stops the server when the pipe closes, however we end. Should the shell
be killed too, the next start finds the server by its pid file, proved by start time and command line, and
ends it.
"""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from signal import SIGINT, SIGQUIT

import psutil

from kept import Damaged, keep, words
from kept.postgres_programs import as_server_user, program
from sandbox.postgresql.server.program import PostgresError

__all__ = ["end", "end_leftover", "is_ready", "server_of", "start"]

STOP_TIMEOUT_S = 10.0
READY_LINE = 8  # of postmaster.pid
STATUS_READY = "ready"

# The server ends when our end of the pipe (its standard input) closes. The watcher is ended when the server
# ends by itself, so that it never signals a number that another process has got meanwhile.
_LIFELINE = """exec 3<&0
"$@" </dev/null 3<&- &
server=$!
( read -r _ ; kill -INT "$server" ) <&3 2>/dev/null &
watcher=$!
exec 3<&-
wait "$server"; code=$?
kill "$watcher" 2>/dev/null
exit "$code"
"""


def start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Starts the server of `folder/data`; its output goes to `folder/log`. Does not wait until it answers."""
    server = [program("postgres"), "-D", str(folder / "data"), "-p", str(port)]
    with (folder / "log").open("ab") as log:
        os.chmod(log.name, 0o600)
        process = subprocess.Popen(  # noqa: S603  our own command, nothing from outside
            as_server_user(["/bin/sh", "-c", _LIFELINE, "postgres", *server]),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,  # Ctrl-C is ours; the server is stopped by the pipe
        )
    me = psutil.Process()
    keep(folder / "owner", f"{me.pid} {me.create_time()}")
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    """Lets the pipe go, which stops the server: open connections are ended, what was committed is kept."""
    if process.stdin:
        process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_TIMEOUT_S)


def is_ready(folder: Path) -> bool:
    """Whether the server says that it takes connections."""
    lines = _pid_file(folder)
    return len(lines) >= READY_LINE and lines[READY_LINE - 1].strip() == STATUS_READY


def server_of(folder: Path) -> psutil.Process | None:
    """The running server of this folder, by its pid file, proved by start time and command line."""
    try:
        lines = _pid_file(folder)
        process = psutil.Process(int(lines[0]))
        same = abs(process.create_time() - int(lines[2])) < 5 and str(folder / "data") in process.cmdline()
    except (ValueError, IndexError, psutil.Error):
        return None
    return process if same else None


def end_leftover(folder: Path) -> None:
    """Ends a server of this folder that outlived its sandbox. One that has a living sandbox is left alone."""
    server = server_of(folder)
    if server is None:
        return
    with suppress(Damaged, OSError, ValueError, OverflowError, psutil.Error):
        pid, started = words(folder / "owner", "").split()
        owner = psutil.Process(int(pid))
        if owner.pid != os.getpid() and abs(owner.create_time() - float(started)) < 1:
            raise PostgresError(f"{folder}: process {pid} runs this cluster. Fix: stop that sandbox first.")
    for signal in (SIGINT, SIGQUIT):
        with suppress(psutil.NoSuchProcess):
            server.send_signal(signal)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while time.monotonic() < deadline:
            if _is_gone(server):
                return
            time.sleep(0.01)


def _is_gone(process: psutil.Process) -> bool:
    """Ended; perhaps not yet buried, which in a container without an init may never happen."""
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def _pid_file(folder: Path) -> list[str]:
    with suppress(Damaged, OSError):
        return words(folder / "data" / "postmaster.pid", "").splitlines()
    return []
