"""Where the simulated buckets are, and their process, started when it is missing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable

from kept import Damaged, lock_file
from sandbox.client import locked
from sandbox.home import ROOT, Home, SandboxError, read_json, write_private
from sandbox.object_store.server import FAULT_FILE

__all__ = ["endpoint", "plan_fault", "started"]

START_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 10.0
_FILE = "object-store.json"
_MEND = "remove it: another port is chosen"


def endpoint(home: Home) -> str:
    """The address of this sandbox's buckets, the same from its first day on. Starts nothing."""
    file = home.folder / _FILE
    kept = read_json(file, _MEND) or {}
    port = kept.get("port")
    if port is None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        write_private(file, json.dumps({"port": port}))
    if type(port) is not int or not 1024 <= port <= 65535:
        raise Damaged(file, f"{str(port)[:40]!r} is no port", _MEND)
    return f"http://127.0.0.1:{port}"


def started(home: Home, buckets: Iterable[str]) -> None:
    """Starts the process where it does not run, and makes the buckets that are missing. Raises SandboxError."""
    where = endpoint(home)
    if not _answers(where):
        with locked(home):
            if not _answers(where):
                _start(home, where)
    for bucket in buckets:
        _make(where, bucket)


def plan_fault(home: Home, status: int, times: int) -> None:
    """The next requests are answered with that status."""
    write_private(home.folder / FAULT_FILE, json.dumps({"status": status, "times": times}))


def _start(home: Home, where: str) -> None:
    log_file = home.folder / "object-store.log"
    with os.fdopen(lock_file(log_file, "remove it, and run the same command again"), "ab") as log:
        process = subprocess.Popen(  # noqa: S603  our own server
            [sys.executable, "-m", "sandbox.object_store", str(home.folder), where.rpartition(":")[2]],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(where):
            return
        time.sleep(0.05)
    raise SandboxError(f"the simulated buckets did not start at {where}. Fix: read {log_file}")


def _answers(where: str) -> bool:
    try:
        urllib.request.urlopen(f"{where}/moto-api/data.json", timeout=ANSWER_TIMEOUT_S).close()  # noqa: S310 - ours
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _make(where: str, bucket: str) -> None:
    request = urllib.request.Request(f"{where}/{bucket}", method="PUT")  # noqa: S310 - ours
    try:
        urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S).close()  # noqa: S310 - ours
    except urllib.error.HTTPError as error:
        if error.code != 409:  # it is there
            raise SandboxError(f"the simulated bucket {bucket} can't be made: HTTP {error.code}") from None
