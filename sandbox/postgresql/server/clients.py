"""Behind a simulated container that has PostgreSQL's image and runs no server stands the real process: a client of the
real server that its environment names, started by the container's own command, files and health check.

It is stopped with its container. When it has ended, because its server went or the sandbox, it is started again as soon
as somebody connects to a server: the restart policy of the container, without a clock.
"""

from __future__ import annotations

import shlex
import shutil
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kept.postgres_programs import program
from sandbox.core.backend import Ask
from sandbox.core.inventory import Inventory
from sandbox.core.records import Record
from sandbox.core.relay import Target
from sandbox.docker.containers import (
    CONTAINER,
    beside,
    command,
    environment,
    files_below,
    folder_of,
    health,
    runs_image,
    volumes,
)
from sandbox.docker.server.process import ContainerProcess, Startup
from sandbox.postgresql.server.containers import IMAGES, PORT, runs_server

__all__ = ["PostgresClient", "PostgresClients"]


class PostgresClient(ContainerProcess):
    """A container that speaks to PostgreSQL by itself, run as a process of this machine."""

    what = "psql"
    note = "the sandbox has the psql of PostgreSQL 18"

    def programs(self) -> Mapping[str, str]:
        """The program of the image that is run here: psql."""
        return {"psql": f'{shlex.quote(program("psql"))} "$@"'}


class PostgresClients:
    """The processes behind the inventory's records."""

    def __init__(self, folder: Path, cloud: Inventory, ask: Ask) -> None:
        self._folder, self._cloud, self._ask = folder, cloud, ask
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
        """Stops all clients that run."""
        with self._lock:
            self._records = {}
            for place in list(self._running):
                self._stop(place)

    def _is_client(self, record: Record) -> bool:
        return runs_image(self._cloud, record, IMAGES) and not runs_server(record)

    def _start(self, record: Record) -> None:
        env = environment(record)
        found = self._server(record, env.get("PGHOST", ""))
        if found is None:
            raise ValueError(f"psql: error: could not translate host name {env.get('PGHOST')!r} to address")
        place = self._place(record)
        mounts = {str(path): place / "scratch" for path in record.inputs.get("tmpfs") or {}}
        mounts |= {path: place / name for name, path in volumes(record).items()}
        self._running[place] = PostgresClient(
            place,
            Startup(
                command=command(record),
                health=health(record),
                environment={**env, "PGHOST": found[0], "PGPORT": str(found[1])},
                mounts=mounts,
                files=files_below(self._cloud, record),
            ),
        )

    def _server(self, record: Record, host: str) -> Target | None:
        """The server by that name, as it is found inside of the machine's networks."""
        other = beside(self._cloud, record, host)
        if other is not None:
            started = self._ask.behind(other, PORT)
            return started() if started else None
        address = record.scope.rsplit(":", 1)[0].removeprefix("ssh://")
        return self._ask.route(address, host, PORT)

    def _stop(self, place: Path) -> None:
        running = self._running.pop(place, None)
        if running is not None:
            running.close()

    def _place(self, record: Record) -> Path:
        return folder_of(self._folder, record.scope, str(record.inputs.get("name")))
