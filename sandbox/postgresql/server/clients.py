"""Behind a simulated container that has PostgreSQL's image and runs no server stands the real process: a client of the
real server that its environment names, started by the container's own command, files and health check.

It is stopped with its container. When it has ended, because its server went or the sandbox, it is started again as soon
as somebody connects to a server: the restart policy of the container, without a clock.
"""

from __future__ import annotations

import hashlib
import shlex
import shutil
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sandbox.core.inventory import Inventory
from sandbox.core.records import Record
from sandbox.docker.daemon import keeps_running
from sandbox.docker.server.process import ContainerProcess, Startup
from sandbox.postgresql.server.databases import CONTAINER, POSTGRES_IMAGES, Databases, runs_server
from sandbox.postgresql.server.program import program

__all__ = ["PostgresClient", "PostgresClients"]

PORT = 5432


class PostgresClient(ContainerProcess):
    """A running one."""

    what = "psql"
    note = "the sandbox has the psql of PostgreSQL 18"

    def programs(self) -> Mapping[str, str]:
        """The image's client."""
        return {"psql": f'{shlex.quote(program("psql"))} "$@"'}


class PostgresClients:
    """The processes behind the inventory's records."""

    def __init__(self, folder: Path, cloud: Inventory, databases: Databases) -> None:
        self._folder, self._cloud, self._databases = folder, cloud, databases
        self._running: dict[Path, PostgresClient] = {}
        self._records: dict[Path, Record] | None = None
        """Those that should run; read from the inventory at the first question."""
        self._lock = threading.RLock()

    def happened(self, what: str, record: Record, _before: Record | None) -> None:
        """Starts, restarts or stops what has happened to a record. Raises when it does not become healthy."""
        if record.token != CONTAINER or not self._is_client(record):
            return
        with self._lock:
            place = self._place(record)
            self._stop(place)
            self._wanted().pop(place, None)
            if what == "deleted":
                shutil.rmtree(place, ignore_errors=True)
            else:
                self._start(record)
                self._wanted()[place] = record

    def wake(self) -> None:
        """Starts those that have ended, beside whoever asks."""
        with self._lock:
            running = {place for place, one in self._running.items() if one.running}
            ended = [record for place, record in self._wanted().items() if place not in running]
        if ended:
            threading.Thread(target=self._start_again, args=(ended,), daemon=True).start()

    def _start_again(self, records: list[Record]) -> None:
        for record in records:
            with self._lock, suppress(ValueError):  # at the next question once more
                place = self._place(record)
                if place in self._wanted() and not (place in self._running and self._running[place].running):
                    self._stop(place)
                    self._start(record)

    def _wanted(self) -> dict[Path, Record]:
        if self._records is None:
            clients = [one for one in self._cloud.find(CONTAINER) if self._is_client(one)]
            self._records = {self._place(one): one for one in clients}
        return self._records

    def status(self) -> list[dict[str, Any]]:
        """Those that run, for `smos sandbox status`."""
        with self._lock:
            return [{"folder": path.name} for path, one in self._running.items() if one.running]

    def close(self) -> None:
        """Stops all of them."""
        with self._lock:
            self._records = {}
            for place in list(self._running):
                self._stop(place)

    def _is_client(self, record: Record) -> bool:
        image = self._databases.image_name(record).split("@")[0].rsplit(":", 1)[0].removeprefix("docker.io/")
        return keeps_running(record) and image in POSTGRES_IMAGES and not runs_server(record)

    def _start(self, record: Record) -> None:
        environment = dict(str(one).split("=", 1) for one in record.inputs.get("envs") or [])
        found = self._server(record, environment.get("PGHOST", ""))
        if found is None:
            raise ValueError(f"psql: error: could not translate host name {environment.get('PGHOST')!r} to address")
        environment |= {"PGHOST": found[0], "PGPORT": str(found[1])}
        place = self._place(record)
        mounts = {str(path): place / "scratch" for path in record.inputs.get("tmpfs") or {}}
        files: dict[str, str] = {}
        for volume in record.inputs.get("volumes") or []:
            path = str(volume.get("containerPath"))
            mounts[path] = place / str(volume.get("volumeName"))
            for file in self._databases.uploaded(record.scope, str(volume.get("volumeName"))):
                files[f"{path}/{file}"] = self._databases.file_of(record, f"{path}/{file}")
        self._running[place] = PostgresClient(
            place,
            Startup(
                command=[*(record.inputs.get("entrypoints") or []), *(record.inputs.get("command") or [])],
                health=(record.inputs.get("healthcheck") or {}).get("tests") or (),
                environment=environment,
                mounts=mounts,
                files=files,
            ),
        )

    def _server(self, record: Record, host: str) -> tuple[str, int] | None:
        """The server by that name, as it is found inside of the host's networks."""
        for other in self._cloud.find(CONTAINER):
            if other.scope == record.scope and other.inputs.get("name") == host:
                started = self._databases.behind(other, PORT)
                return started() if started else None
        address = record.scope.rsplit(":", 1)[0].removeprefix("ssh://")
        return self._databases.route(address, host, PORT)

    def _stop(self, place: Path) -> None:
        running = self._running.pop(place, None)
        if running is not None:
            running.close()

    def _place(self, record: Record) -> Path:
        name = str(record.inputs.get("name"))
        mark = hashlib.sha256(f"{record.scope}\0{name}".encode()).hexdigest()[:8]
        return self._folder / f"{name}-{mark}"
