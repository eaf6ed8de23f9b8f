"""How far the log has come to this machine: a mark written into it by the server, and looked for in what was received.

What the server says of its receiver is late (it is told every ten seconds) and says what was sent. A mark that is found
in the file here is here, and so is all that was committed before it. The mark also is what makes a quiet server's log
go on: with nothing committed after a moment, PostgreSQL could not stop at it.
"""

from __future__ import annotations

import secrets
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recovery.wal.archive import WalArchive, WalSource, segments

if TYPE_CHECKING:
    import psycopg

__all__ = ["Follower", "Mark", "has_come"]

_NEAR = 16 * 1024
"""How far before the log's position after it a mark is looked for, in bytes."""
_MOST = 1000


@dataclass(frozen=True)
class Mark:
    """One that was written."""

    text: bytes
    at: datetime
    """By the server's clock, before it was written."""
    segment: str
    offset: int


class Follower:
    """Writes marks, and finds out which of them have come. One connection, kept while it works."""

    def __init__(self, archive: WalArchive, source: WalSource) -> None:
        self._archive, self._source = archive, source
        self._connection: psycopg.Connection[Any] | None = None
        self._waiting: deque[Mark] = deque(maxlen=_MOST)
        self.come: Mark | None = None
        """The last that was found."""
        self.ahead = timedelta()
        """How far the server's clock is before this machine's."""

    def mark(self, now: datetime) -> None:
        """Writes one. Raises psycopg.Error when the server can't be asked."""
        text = secrets.token_hex(16)
        row = self._ask(
            # The first is committed by itself, so that there is a commit; the second comes after it.
            "SELECT clock_timestamp(), pg_logical_emit_message(true, 'smarteros', '') IS NULL",
        )
        place = self._ask(
            "SELECT w.file_name, w.file_offset FROM pg_logical_emit_message(false, 'smarteros', %s) AS lsn,"
            " pg_walfile_name_offset(lsn) AS w",
            text,
        )
        at: datetime = row[0].astimezone(UTC)
        self.ahead = at - now
        self._waiting.append(Mark(text.encode(), at, str(place[0]), int(place[1])))

    def look(self) -> datetime | None:
        """Until when, by the server's clock, all that was committed is here; None when nothing is known."""
        files: dict[str, Path] | None = None
        while self._waiting:
            files = files if files is not None else dict(segments(self._archive))
            found = [mark for mark in self._waiting if has_come(mark, files)]
            if not found:
                break
            self.come = found[-1]
            while self._waiting and self._waiting[0] is not self.come:
                self._waiting.popleft()
            self._waiting.popleft()
        return self.come.at if self.come else None

    def close(self) -> None:
        """Ends the connection."""
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
        self._connection = None

    def _ask(self, query: str, *values: object) -> Any:
        import psycopg

        try:
            if self._connection is None or self._connection.closed:
                self._connection = connected(self._source)
            return self._connection.execute(query.encode(), values).fetchone() or ()
        except psycopg.Error:
            self.close()
            raise


def connected(source: WalSource) -> psycopg.Connection[Any]:
    """A session for questions. Every one of them has an end."""
    import psycopg

    return psycopg.connect(
        host=source.host,
        port=source.port,
        user=source.user,
        password=source.password,
        dbname=source.database,
        sslmode=source.sslmode,
        connect_timeout=5,
        options="-c statement_timeout=5s -c lock_timeout=2s",
        application_name="smarteros_wal",
        autocommit=True,
        tcp_user_timeout=10000,
    )


def has_come(mark: Mark, files: dict[str, Path]) -> bool:
    """Whether a mark is in the file of its segment, or in the one before it, where it was begun."""
    file = files.get(mark.segment)
    if file is None:
        return False
    with suppress(OSError), file.open("rb") as content:
        content.seek(max(0, mark.offset - _NEAR))
        return mark.text in content.read(_NEAR)
    return False
