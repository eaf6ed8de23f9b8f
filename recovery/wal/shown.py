"""A status in words, and as JSON."""

from __future__ import annotations

from typing import Any

from recovery.wal.status import WalStatus

__all__ = ["in_words", "report"]


def in_words(one: WalStatus) -> str:
    """For a terminal."""
    until = f"{one.come_until:%Y-%m-%dT%H:%M:%SZ}, {one.lag_s:.0f} s ago" if one.come_until else "nothing yet"
    kept = f"{one.lag_bytes / 1e6:.1f} MB not confirmed yet" if one.lag_bytes is not None else "it can't be asked"
    copy = f"{one.copy.name}, {one.copy.bytes / 1e6:.0f} MB" if one.copy else "none"
    lines = [
        f"{one.server}: {'received' if one.receiving else 'NOT received'}",
        f"  here until    {until}",
        f"  at the server {kept}" + (f"; its slot: {one.slot}" if one.slot else ""),
        f"  last segment  {one.last_segment or 'none'}",
        f"  whole copy    {copy}",
        f"  free here     {one.free_bytes / 1e9:.1f} GB",
        *(f"  ! {problem}" for problem in one.problems),
    ]
    return "\n".join(lines)


def report(one: WalStatus) -> dict[str, Any]:
    """For programs; times in ISO 8601, sizes in bytes."""
    return {
        "server": one.server,
        "reached": one.reached,
        "receiving": one.receiving,
        "comeUntil": one.come_until.isoformat() if one.come_until else None,
        "lagSeconds": None if one.lag_s is None else round(one.lag_s, 1),
        "lagBytes": one.lag_bytes,
        "lastSegment": one.last_segment,
        "slot": one.slot,
        "slotRoomBytes": one.slot_room_bytes,
        "copy": {"name": one.copy.name, "ended": one.copy.ended.isoformat(), "bytes": one.copy.bytes}
        if one.copy
        else None,
        "clockAheadSeconds": one.clock_ahead_s,
        "freeBytes": one.free_bytes,
        "problems": list(one.problems),
    }
