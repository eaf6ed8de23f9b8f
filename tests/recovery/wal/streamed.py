"""A real server as a host's container starts it: its log streamed, the role that streams it made by its own entry."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from components.placements.docker.postgres import DATA, PASSWORD_FILE, WAL_PASSWORD_FILE, postgres_workload
from components.workload import Workload
from recovery.wal.archive import WalArchive, WalSource
from recovery.wal.receiver import Receiver
from sandbox.postgresql.server.clusters import ADDRESS, Cluster
from sandbox.postgresql.server.containers import told
from sandbox.postgresql.server.entry import run_entry
from settings.default_images import every_default_image
from settings.places import DockerPostgres

__all__ = ["Streamed", "eventually", "streamed"]

ADMIN, WAL = "AdminPassw0rdOfTwentyLetters", "WalPassw0rdOfTwentyLetters"


@dataclass
class Streamed:
    """A server and the archive of its log."""

    cluster: Cluster
    archive: WalArchive
    said: list[str] = field(default_factory=list)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def source(self) -> WalSource:
        """As the receiver reaches it."""
        return WalSource(port=self.cluster.port, password=WAL)

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """As the administrator."""
        return psycopg.connect(
            host=ADDRESS, port=self.cluster.port, user="postgres", password=ADMIN, dbname=database, autocommit=True
        )

    @contextlib.contextmanager
    def received(self) -> Iterator[Receiver]:
        """Its log is received for the block."""
        receiver, stop = (
            Receiver(self.archive, self.source, self.said.append, clock=lambda: self.clock()),
            threading.Event(),
        )
        failed: list[BaseException] = []

        def run() -> None:
            try:
                receiver.run(stop)
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield receiver
        finally:
            stop.set()
            thread.join(60)
        assert not thread.is_alive()
        if failed:
            raise failed[0]


@contextlib.contextmanager
def streamed(folder: Path, **place: Any) -> Iterator[Streamed]:
    """One that was just made and runs. `place`: of its settings."""
    where = DockerPostgres.model_validate({"where": "docker", "host": "vps", **place})
    workload = postgres_workload(every_default_image()["postgres"], where, ADMIN, WAL)
    command = [*workload.command, *workload.args]
    files = {f"{Workload.SECRETS_FOLDER}/{PASSWORD_FILE}": ADMIN, f"{Workload.SECRETS_FOLDER}/{WAL_PASSWORD_FILE}": WAL}
    cluster = Cluster(folder / "server")
    cluster.create(
        "postgres",
        ADMIN,
        superuser=True,
        parameters=told(command),
        before_start=lambda: run_entry(cluster, command, DATA, files),
    )
    try:
        yield Streamed(cluster, WalArchive(server="vps", folder=folder / "archive"))
    finally:
        cluster.destroy()


def eventually(condition: Callable[[], object], what: str, limit_s: float = 60.0) -> None:
    """Waits until it holds."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit_s} s: {what}"
        time.sleep(0.1)
