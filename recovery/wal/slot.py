"""The replication slot: the server's promise to keep what was not received. Made once; one that is gone is told.

A slot that is made anew keeps nothing of what was written in between (after a fail-over, or when somebody dropped it):
the log has a hole there, and no moment behind it can be had from a copy before it.
"""

from __future__ import annotations

from dataclasses import dataclass

from kept.say import Say
from recovery.wal.archive import SLOT, WalArchive, WalError, WalSource, segments
from recovery.wal.following import connected

__all__ = ["Slot", "slot_of", "slot_ready"]

_ASK = """
SELECT slot_type, active, active_pid, coalesce(wal_status, 'lost'), safe_wal_size,
  coalesce(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), restart_lsn), 0)::bigint
FROM pg_replication_slots WHERE slot_name = %s
"""


@dataclass(frozen=True)
class Slot:
    """As the server has it (https://www.postgresql.org/docs/17/view-pg-replication-slots.html)."""

    kind: str
    active: bool
    pid: int | None
    wal_status: str
    """reserved, extended (kept beyond max_wal_size), unreserved (about to be given up), lost."""
    room_bytes: int | None
    """How much more can be written before it is given up; None where there is no such end."""
    behind_bytes: int


def slot_of(source: WalSource) -> Slot | None:
    """The slot, or None. Raises psycopg.Error when the server can't be asked."""
    with connected(source) as connection:
        row = connection.execute(_ASK, (SLOT,)).fetchone()
    return Slot(*row) if row else None


def slot_ready(archive: WalArchive, source: WalSource, say: Say) -> str:
    """Sees to it that the slot is there. Returns what is wrong with the log that went before, or "".

    Raises WalError for one that is not ours or is somebody else's, psycopg.Error when the server can't be asked.
    """
    found = slot_of(source)
    if found is not None and found.kind != "physical":
        raise WalError(
            f"{archive.server}: the replication slot {SLOT} is a {found.kind} one, and not this receiver's. "
            f"Fix: find out whose it is, then SELECT pg_drop_replication_slot('{SLOT}')"
        )
    if found is not None and found.wal_status != "lost":
        return ""
    with connected(source) as connection:
        if found is not None:
            connection.execute("SELECT pg_drop_replication_slot(%s)", (SLOT,))
        connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", (SLOT,))
    if not any(True for _ in segments(archive)):
        return ""
    why = "was given up by the server, which kept no more" if found else "was gone"
    say(f"{archive.server}: its replication slot {why}, and is made anew. Fix: a whole copy: ./smos wal base")
    return f"the replication slot {why}"
