"""The receiver of a server's log: pg_receivewal by Barman, kept running, watched, and its progress noted.

It ends when it is told. What ends it otherwise (the server away, a full disk, a slot that somebody else holds) is noted
with its reason, and it is tried again: the server keeps what was not received, as far as max_slot_wal_keep_size.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from kept.say import Say
from recovery.wal.archive import WalArchive, WalError, WalSource, segments
from recovery.wal.barman import barman_command, barman_environment, run_barman
from recovery.wal.following import Follower
from recovery.wal.held import held
from recovery.wal.progress import Progress, noted
from recovery.wal.slot import slot_ready

__all__ = ["Receiver"]

TICK_S, MARK_EVERY_S, PUT_AWAY_EVERY_S = 1.0, 5.0, 20.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
STOP_S = 10.0
_REMOVED = "has already been removed"
"""As PostgreSQL says it of a segment that it keeps no more (src/backend/replication/walsender.c, WalSndSegmentOpen)."""


class Receiver:
    """Of one server. `run` blocks until `stop` is set; another one on the same archive is refused."""

    def __init__(
        self,
        archive: WalArchive,
        source: WalSource,
        say: Say,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._archive, self._source, self._say, self._clock = archive, source, say, clock
        self._follower = Follower(archive, source)
        self._process: subprocess.Popen[bytes] | None = None
        self._pause_s, self._next_start, self._next_mark, self._next_away = FIRST_PAUSE_S, 0.0, 0.0, 0.0
        self._why = self._why_unasked = ""

    def run(self, stop: threading.Event) -> None:
        """Receives until it is told to stop. Raises WalError for what no patience mends."""
        with held(self._archive, "receiver"):
            try:
                while not stop.is_set():
                    self._step()
                    stop.wait(TICK_S)
            finally:
                self._end()
                self._follower.close()
                self._note()

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """Barman's own, while it runs."""
        return self._process

    def _step(self) -> None:
        now = time.monotonic()
        if self._process is not None and self._process.poll() is not None:
            self._ended()
        if self._process is None and now >= self._next_start:
            self._start()
        if now >= self._next_mark:
            self._next_mark = now + MARK_EVERY_S
            self._mark()
        if now >= self._next_away and sum(1 for _ in segments_streaming(self._archive)) > 1:
            self._next_away = now + PUT_AWAY_EVERY_S
            self._put_away()
        self._note()

    def _start(self) -> None:
        from psycopg import Error

        try:
            self._why = slot_ready(self._archive, self._source, self._say)
        except Error as error:
            return self._failed(str(error).strip().splitlines()[0])
        with (self._archive.folder / "receiver.log").open("wb") as log:
            os.chmod(log.name, 0o600)
            self._process = subprocess.Popen(  # noqa: S603 - ours
                barman_command(self._archive, self._source, "receive-wal", self._archive.server),
                env=barman_environment(self._archive),
                cwd=self._archive.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._say(f"{self._archive.server}: receiving its log")

    def _ended(self) -> None:
        lines = (self._archive.folder / "receiver.log").read_text(encoding="utf-8", errors="replace").splitlines()
        # The first word says why; the last ones, that it is disconnected, and that it ended.
        said = [line for line in lines if "error: " in line or "FATAL" in line] or lines
        self._process = None
        why = said[0].strip() if said else "it ended without a word"
        if any(_REMOVED in line for line in lines):
            self._begin_behind_the_hole()
        self._failed(why)

    def _begin_behind_the_hole(self) -> None:
        """The server has given up what comes next: the log goes on at the slot's place. What was received stays here,
        the last segment too, which was not whole.
        """
        with suppress(WalError):
            for file in segments_streaming(self._archive):
                if file.suffix == ".partial":
                    kept = self._archive.wals / file.name[:16]
                    kept.mkdir(parents=True, exist_ok=True, mode=0o700)
                    shutil.copy2(file, kept / file.name)
            run_barman(self._archive, self._source, ["receive-wal", "--reset", self._archive.server], limit_s=60)
            self._say(f"{self._archive.server}: its log has a hole. Fix: a whole copy, now: ./smos wal base")

    def _failed(self, why: str) -> None:
        if why != self._why:
            self._say(f"{self._archive.server}: its log is not received: {why}")
        self._why = why
        self._next_start = time.monotonic() + self._pause_s
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)

    def _mark(self) -> None:
        from psycopg import Error

        try:
            self._follower.mark(self._clock())
            self._why_unasked = ""
        except Error as error:
            self._why_unasked = str(error).strip().splitlines()[0]

    def _put_away(self) -> None:
        with suppress(WalError):  # the segments stay where they are, and are restored from there
            run_barman(self._archive, self._source, ["archive-wal", self._archive.server], limit_s=300)

    def _note(self) -> None:
        come = self._follower.look()
        running = self._process is not None and self._process.poll() is None
        if running and come:
            self._pause_s = FIRST_PAUSE_S
        noted(
            self._archive,
            Progress(
                at=self._clock(),
                come_until=come,
                receiving=running,
                why="" if running and not self._why_unasked else (self._why or self._why_unasked),
                ahead_s=round(self._follower.ahead.total_seconds(), 3),
            ),
        )

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for number, limit_s in ((signal.SIGINT, STOP_S), (signal.SIGKILL, STOP_S)):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(limit_s)
                return


def segments_streaming(archive: WalArchive) -> list[Path]:
    """What was received and is not put away yet."""
    return [file for _, file in segments(archive) if file.parent == archive.streaming]
