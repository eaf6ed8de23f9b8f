"""One real process on this machine, started by the very command, files and health check of a simulated container.

Only places are adapted: a mounted folder of the container is a folder of the sandbox, and the image's programs are this
machine's. It lives no longer than the process that started it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from kept import Damaged, parsed, words
from sandbox.home import ANEW, write_private

__all__ = ["ContainerProcess", "Startup", "Unhealthy"]

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


class Unhealthy(ValueError):
    """A container did not become healthy; the message has what it said."""


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


class ContainerProcess:
    """What a container runs. Its data is in the folders of its mounts, and stays."""

    what = "container"
    """What it is, in a file's name."""
    note = "of the sandbox"
    """What the sandbox has in the image's place."""
    start_timeout_s, stop_timeout_s = 20.0, 10.0

    def __init__(self, folder: Path, startup: Startup) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        _end_leftover(folder, self.stop_timeout_s)
        # Short, and without a space: a container's script does not quote its own paths.
        self._root = Path(tempfile.mkdtemp(prefix=f"smos-{self.what}-"))
        self._lay_out(startup)
        adapted = {name: self._adapted(value, startup) for name, value in startup.environment.items()}
        environment = {**adapted, "PATH": f"{self._root / 'bin'}:/usr/bin:/bin", "LC_ALL": "C"}
        with (folder / f"{self.what}.log").open("wb") as log:
            os.chmod(log.name, 0o600)
            self._process = subprocess.Popen(  # noqa: S603  the container's command, which our own program declared
                ["/bin/sh", "-c", _LIFELINE, self.what, *(self._adapted(word, startup) for word in startup.command)],
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
        """The process of the server that stands for the container."""
        return psutil.Process(int(words(self._folder / "pid", ANEW)))

    def close(self) -> None:
        """Stops it as Docker does, by SIGTERM: what it was given is kept."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(self.stop_timeout_s)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self._process.wait(self.stop_timeout_s)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)  # what its first process leaves ends with the container
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
        for name, line in self.programs().items():
            file = self._root / "bin" / name
            file.write_text(f"#!/bin/sh\nexec {line}\n", encoding="utf-8")
            file.chmod(0o700)

    def programs(self) -> Mapping[str, str]:
        """The image's programs, as this machine has them: name → what a shell runs instead."""
        return {}

    def _adapted(self, text: str, startup: Startup) -> str:
        """The text with the container's folders led to where they are here."""
        if not startup.mounts:
            return text
        places = "|".join(re.escape(place.rstrip("/")) for place in sorted(startup.mounts, key=len, reverse=True))
        return re.sub(rf"(?<![\w./~&*-])({places})(?=[/\s\"';]|$)", lambda found: f"{self._root}{found[1]}", text)

    # -- health --------------------------------------------------------------------------------------------------------

    def _wait(self, startup: Startup, environment: Mapping[str, str]) -> None:
        deadline = time.monotonic() + self.start_timeout_s
        while time.monotonic() < deadline and self.running:
            if self._healthy(startup, environment):
                server = self.server
                note = [server.pid, server.create_time(), str(self._root)]
                write_private(self._folder / "process.json", json.dumps(note))
                return
            time.sleep(0.02)
        how = "it runs, and its health check says no" if self.running else "it ended"
        said = (
            (self._folder / f"{self.what}.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
        )
        self.close()
        ends = "\n".join(said)
        raise Unhealthy(f"container failed to be in healthy state: {how}. Its log ({self.note}) ends with:\n{ends}")

    def _healthy(self, startup: Startup, environment: Mapping[str, str]) -> bool:
        kind, *words = startup.health or ("CMD-SHELL", "true")
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


def _end_leftover(folder: Path, timeout_s: float) -> None:
    """Ends a server of this folder that outlived its sandbox: it is proved by its start time, never by its name."""
    with suppress(Damaged, OSError, ValueError, TypeError, OverflowError, psutil.Error):
        pid, started, root = parsed(folder / "process.json", ANEW)
        shutil.rmtree(root, ignore_errors=True)  # links and small files: the data is elsewhere
        server = psutil.Process(pid)
        if abs(server.create_time() - started) < 1:
            server.terminate()
            try:
                server.wait(timeout_s)
            except psutil.TimeoutExpired:
                server.kill()
                server.wait(timeout_s)
