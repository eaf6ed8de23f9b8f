"""Who writes while something is put back, and how far the log has come meanwhile."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from recovery.wal.progress import Progress, progress_of
from recovery.wal.scratch import cluster_at
from tests.recovery.wal.streamed import Streamed, eventually

__all__ = ["Writer", "come_until", "progress", "rows", "rows_at"]


def come_until(server: Streamed, moment: datetime, limit_s: float = 60.0) -> None:
    """Waits until all that was committed at a moment is in the archive."""
    eventually(
        lambda: (at := progress_of(server.archive)) and at.come_until and at.come_until > moment, "come", limit_s
    )


def progress(server: Streamed) -> Progress:
    """What the receiver has noted."""
    found = progress_of(server.archive)
    assert found is not None
    return found


class Writer(threading.Thread):
    """Commits a row each few milliseconds, and notes which were acknowledged and when."""

    def __init__(self, server: Streamed, database: str) -> None:
        super().__init__()
        self.server, self.database, self.stop = server, database, threading.Event()
        self.failed: Exception | None = None
        self.acknowledged: list[tuple[int, datetime]] = []

    def run(self) -> None:
        """Until it is stopped."""
        try:
            self._write()
        except psycopg.Error as error:
            self.failed = error

    def _write(self) -> None:
        with self.server.connect(self.database) as connection:
            connection.execute("SET synchronous_commit = on")
            connection.execute("SET search_path = app, public")
            first = int((connection.execute("SELECT coalesce(max(id), 0) FROM rows").fetchone() or (0,))[0])
            number = first
            while not self.stop.is_set():
                number += 1
                connection.execute("INSERT INTO rows (id) VALUES (%s)", (number,))
                self.acknowledged.append((number, datetime.now(UTC)))
                time.sleep(0.005)


def rows(server: Streamed, database: str) -> int:
    """How many there are in the living one."""
    with server.connect(database) as connection:
        return int((connection.execute("SELECT count(*) FROM rows").fetchone() or (0,))[0])


def rows_at(server: Streamed, moment: datetime, folder: Path, database: str = "t_acme") -> list[int]:
    """Which there were, in the cluster as it was."""
    with (
        cluster_at(server.archive, moment, folder, server.said.append) as cluster,
        cluster.connect(database) as connection,
    ):
        return [number for (number,) in connection.execute("SELECT id FROM rows ORDER BY 1")]
