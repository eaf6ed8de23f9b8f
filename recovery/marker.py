"""The moment of a backup: one for all of its parts, written into every database, so that their skew is known.

A marker is a row in a schema of our own, never in a vendor's table. The newest one in a database that was restored says
how old what came back is.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from kept.operator_error import OperatorError

__all__ = ["SCHEMA", "TABLE", "BadMarker", "Marker", "moment_of"]

SCHEMA = "smarteros_recovery"
TABLE = f"{SCHEMA}.marker"
"""Columns: `id` text, `at` timestamptz (by the server's own clock)."""
_ID = re.compile(r"\d{8}-\d{6}")


class BadMarker(OperatorError):
    """A text that is no id of a backup, or no moment in time."""

    exit_code = 2


@dataclass(frozen=True, order=True)
class Marker:
    """A backup's moment. Its id is `YYYYMMDD-HHMMSS` in UTC, and sorts as time does."""

    id: str

    def __post_init__(self) -> None:
        _moment(self.id)

    @classmethod
    def now(cls) -> Marker:
        """Of this second, by this machine's clock."""
        return cls.of(datetime.datetime.now(datetime.UTC))

    @classmethod
    def of(cls, moment: datetime.datetime) -> Marker:
        """Of a moment with an offset; fractions of a second are cut off."""
        return cls(moment.astimezone(datetime.UTC).strftime("%Y%m%d-%H%M%S"))

    @property
    def at(self) -> datetime.datetime:
        """The moment, in UTC."""
        return _moment(self.id)


def moment_of(text: str) -> datetime.datetime:
    """A moment that an operator gave, in UTC. Raises BadMarker for one without an offset: Chile's clock changes twice a
    year, and an hour of April exists twice.
    """
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise BadMarker(f"{text!r} is no time. Fix: as in 2026-11-30T01:15:00-03:00") from None
    if moment.tzinfo is None:
        raise BadMarker(
            f"{text!r} does not say its offset from UTC, and Chile's clock changes twice a year. "
            f"Fix: {text}-03:00 in summer, {text}-04:00 in winter, or {text}Z for UTC"
        )
    return moment.astimezone(datetime.UTC)


def _moment(text: str) -> datetime.datetime:
    if not _ID.fullmatch(text):
        raise BadMarker(f"{text!r} is no backup's id. Fix: YYYYMMDD-HHMMSS, as ./smos backups lists them")
    try:
        return datetime.datetime.strptime(text, "%Y%m%d-%H%M%S").replace(tzinfo=datetime.UTC)
    except ValueError:
        raise BadMarker(f"{text!r} is no moment. Fix: YYYYMMDD-HHMMSS, as ./smos backups lists them") from None
