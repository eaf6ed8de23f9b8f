"""How a server's log and its whole copies stand: what a restore would give now, what is wrong, each with its way out.

It answers whatever of it can be reached: without the server, what the receiver has noted and what lies here.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from recovery.wal.archive import SLOT, WalArchive, WalSource, segments
from recovery.wal.catalogue import BaseCopy, bases, missing_segments
from recovery.wal.configuration import WINDOW_DAYS
from recovery.wal.held import is_held
from recovery.wal.progress import CLOCKS_DIFFER_S, Progress, progress_of
from recovery.wal.slot import Slot, slot_of

__all__ = ["LATE_S", "WalStatus", "status"]

LATE_S = 60.0
"""From here on the log is late: a mark comes every five seconds."""
OLD_DAYS = WINDOW_DAYS


@dataclass(frozen=True, kw_only=True)
class WalStatus:
    """Of one server."""

    server: str
    reached: bool
    receiving: bool
    come_until: datetime | None
    """All that was committed until then, by the server's clock, is here."""
    lag_s: float | None
    """How much of what is committed now a restore would lack, in seconds."""
    lag_bytes: int | None
    """What the server keeps for the receiver; None when it can't be asked."""
    last_segment: str
    slot: str
    """As the server has it: reserved, extended, unreserved, lost, missing; empty when it can't be asked."""
    slot_room_bytes: int | None
    copy: BaseCopy | None
    """The last whole one."""
    clock_ahead_s: float
    free_bytes: int
    problems: tuple[str, ...]


def status(archive: WalArchive, source: WalSource | None, now: datetime) -> WalStatus:
    """As it is now. `source`: None where the server is not to be asked."""
    import psycopg

    progress = progress_of(archive)
    copies = bases(archive)
    slot, reached = None, False
    if source is not None:
        with suppress(psycopg.Error):
            slot, reached = slot_of(source), True
    receiving = is_held(archive, "receiver") and bool(progress and progress.receiving)
    lag_s = _lag_s(progress, now)
    exists = archive.folder.is_dir()
    return WalStatus(
        server=archive.server,
        reached=reached,
        receiving=receiving,
        come_until=progress.come_until if progress else None,
        lag_s=lag_s,
        lag_bytes=slot.behind_bytes if slot else None,
        last_segment=max((name for name, _ in segments(archive)), default=""),
        slot=(slot.wal_status if slot else "missing") if reached else "",
        slot_room_bytes=slot.room_bytes if slot else None,
        copy=copies[-1] if copies else None,
        clock_ahead_s=progress.ahead_s if progress else 0.0,
        free_bytes=shutil.disk_usage(archive.folder).free if exists else 0,
        problems=tuple(
            (
                *_of_the_receiver(archive, progress, lag_s, receiving=receiving),
                *(_of_the_slot(slot) if reached else ()),
                *_of_the_copies(archive, copies, now),
            )
        ),
    )


def _lag_s(progress: Progress | None, now: datetime) -> float | None:
    if progress is None or progress.come_until is None:
        return None
    by_its_clock = now + timedelta(seconds=progress.ahead_s)
    return max(0.0, (by_its_clock - progress.come_until).total_seconds())


def _of_the_receiver(
    archive: WalArchive, progress: Progress | None, lag_s: float | None, *, receiving: bool
) -> list[str]:
    found = []
    if not receiving:
        why = f" ({progress.why})" if progress and progress.why else ""
        found.append(f"the log is not received{why}. Fix: ./smos wal receive")
    if lag_s is None:
        found.append("nothing of the log has come yet. Fix: ./smos wal receive")
    elif lag_s > LATE_S:
        found.append(f"the log is {lag_s:.0f} s late: what was committed since would be lost with the server")
    if progress and abs(progress.ahead_s) > CLOCKS_DIFFER_S:
        which = "ahead of" if progress.ahead_s > 0 else "behind"
        found.append(
            f"the server's clock is {abs(progress.ahead_s):.0f} s {which} this machine's, and its log counts by its "
            "own. Fix: set the wrong one right (timedatectl)"
        )
    return found


def _of_the_slot(slot: Slot | None) -> list[str]:
    if slot is None:
        return [
            f"the server has no replication slot {SLOT}, and keeps nothing for the receiver. Fix: ./smos wal receive"
        ]
    if slot.wal_status == "lost":
        return ["the server has given its slot up: the log has a hole. Fix: ./smos wal receive, then ./smos wal base"]
    if slot.wal_status == "unreserved":
        return [
            "the server is about to give the slot up, and with it what was not received. Fix: ./smos wal receive, now"
        ]
    if not slot.active and slot.room_bytes is not None and slot.behind_bytes > slot.room_bytes:
        return [
            f"the server has kept {slot.behind_bytes / 1e6:.0f} MB for a receiver that is away, and keeps "
            f"{slot.room_bytes / 1e6:.0f} MB more. Fix: ./smos wal receive"
        ]
    return []


def _of_the_copies(archive: WalArchive, copies: tuple[BaseCopy, ...], now: datetime) -> list[str]:
    if not copies:
        return ["there is no whole copy to play the log on. Fix: ./smos wal base"]
    found = []
    age = now.astimezone(UTC) - copies[-1].ended
    if age > timedelta(days=OLD_DAYS):
        found.append(
            f"the last whole copy is {age.days} days old, and so much log has to be played. Fix: ./smos wal base"
        )
    if missing := missing_segments(archive, copies[-1]):
        found.append(
            f"the log has a hole: {missing[0]} and {len(missing) - 1} more are not here, and no moment behind it can "
            "be had. Fix: ./smos wal base"
        )
    return found
