"""Behind every simulated container that runs Redis stands a real one: which record has which, and who may reach it.

It starts with the container's own command, files and health check, so a configuration that Redis refuses leaves the
container unhealthy, as on a real host. Its data lives and dies with the container's volumes.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.core.inventory import Inventory
from sandbox.core.records import Record
from sandbox.docker.containers import CONTAINER, VOLUME, at, environment, files_below, folder_of, health, runs_image
from sandbox.docker.containers import volumes as volumes_of
from sandbox.redis.server.process import ADDRESS, RedisProcess, Startup

__all__ = ["RedisContainers"]

IMAGES = ("redis", "library/redis")
PORT, DATA = 6379, "/data"


class RedisContainers:
    """The Redises behind the inventory's records."""

    def __init__(self, folder: Path, cloud: Inventory) -> None:
        self._folder = folder
        self._cloud = cloud
        self._servers: dict[Path, RedisProcess] = {}
        self._lock = threading.RLock()

    def happened(self, what: str, record: Record, _before: Record | None) -> None:
        """Starts, restarts or stops what has happened to a record. Raises what Redis refuses."""
        with self._lock:
            if record.token == VOLUME and what == "deleted":
                shutil.rmtree(self._place(record.scope, str(record.inputs.get("name", record.id))), ignore_errors=True)
            elif record.token == CONTAINER and self._runs_redis(record):
                place = self._container_place(record)
                self._stop(place)
                if what == "deleted":
                    shutil.rmtree(place, ignore_errors=True)
                else:
                    self._started(record)

    def route(self, address: str, target_host: str, target_port: int) -> tuple[str, int] | None:
        """Where a connection from the machine at `address` ends here; None when no Redis would answer it."""
        if target_port != PORT:
            return None
        with self._lock:
            for record in at(self._cloud, address, target_host):
                if self._runs_redis(record):
                    return ADDRESS, self._started(record).port
        return None

    def behind(self, record: Record, port: int) -> Callable[[], tuple[str, int]] | None:
        """What starts the Redis of a container, and says where it listens; None when it has none at that port."""
        with self._lock:
            if port != PORT or not self._runs_redis(record):
                return None

        def started() -> tuple[str, int]:
            with self._lock:
                return ADDRESS, self._started(record).port

        return started

    def status(self) -> list[dict[str, Any]]:
        """The Redises that run, for `smos sandbox status`."""
        with self._lock:
            return [{"folder": path.name, "port": one.port} for path, one in self._servers.items() if one.running]

    def close(self) -> None:
        """Stops every Redis; their data stays."""
        with self._lock:
            for place in list(self._servers):
                self._stop(place)

    def _started(self, record: Record) -> RedisProcess:
        """The running one: a container that ended starts again, as its restart policy says."""
        place = self._container_place(record)
        if place not in self._servers or not self._servers[place].running:
            self._stop(place)
            self._servers[place] = RedisProcess(place, self._startup(record))
        return self._servers[place]

    def _stop(self, place: Path) -> None:
        server = self._servers.pop(place, None)
        if server is not None:
            server.close()

    def _runs_redis(self, record: Record) -> bool:
        return runs_image(self._cloud, record, IMAGES)

    def _startup(self, record: Record) -> Startup:
        # The image declares /data a volume: without a name it is the container's own.
        mounts = {DATA: self._container_place(record) / "data"}
        mounts |= {path: self._place(record.scope, name) for name, path in volumes_of(record).items()}
        return Startup(
            command=_command(record),
            health=health(record),
            environment=environment(record),
            mounts=mounts,
            files=files_below(self._cloud, record),
        )

    def _container_place(self, record: Record) -> Path:
        return self._place(record.scope, f"container-{record.inputs.get('name')}")

    def _place(self, scope: str, name: str) -> Path:
        return folder_of(self._folder, scope, name)


def _command(record: Record) -> tuple[str, ...]:
    """What the container runs; without an entrypoint what the image's own makes of the words.

    Source: https://github.com/redis/docker-library-redis (docker-entrypoint.sh of 7.2).
    """
    words = tuple(str(word) for word in record.inputs.get("command") or ())
    entrypoint = tuple(str(word) for word in record.inputs.get("entrypoints") or ())
    if entrypoint:
        return (*entrypoint, *words)
    if not words:
        return ("redis-server",)
    return ("redis-server", *words) if words[0].startswith("-") or words[0].endswith(".conf") else words
