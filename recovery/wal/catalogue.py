"""What is there to restore from: the whole copies, as Barman notes them, and the segments of the log after each.

It is read from Barman's own notes and files, so that it can be read where neither the server nor Barman is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kept import Damaged, words
from recovery.wal.archive import WalArchive, WalError, segments

__all__ = ["BaseCopy", "bases", "before", "missing_segments", "wal_bytes_from"]

_THERE = ("DONE", "WAITING_FOR_WALS")
"""The states in which the copy itself is complete (EnterpriseDB/barman barman/infofile.py, STATUS_COPY_DONE)."""
_GIVE = "it is damaged; take another copy: ./smos wal base STACK, and remove this one's folder"


@dataclass(frozen=True, kw_only=True)
class BaseCopy:
    """One whole copy of a cluster."""

    name: str
    """Barman's: when it was begun."""
    data: Path
    began: datetime
    ended: datetime
    """By the server's clock. The log makes any moment from here on of it, and none before."""
    first_segment: str
    bytes: int
    segment_bytes: int
    major: int
    """Of PostgreSQL, whose programs alone open it."""
    system: str
    """The identity of the cluster: one that was made anew has another."""
    tablespaces: bool
    """Whether a part of it lay elsewhere: the platform makes none, and none is restored."""


def bases(archive: WalArchive) -> tuple[BaseCopy, ...]:
    """Those that are complete, the oldest first."""
    folders = sorted(archive.bases.iterdir()) if archive.bases.is_dir() else []
    found = [_read(folder, archive.notes / f"{folder.name}-backup.info") for folder in folders]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: one.ended))


def before(archive: WalArchive, moment: datetime) -> BaseCopy:
    """The last one that was complete at that moment. Raises WalError when none was, with what there is."""
    there = bases(archive)
    found = [one for one in there if one.ended <= moment]
    if found:
        return found[-1]
    first = f"the first was complete at {_shown(there[0].ended)}" if there else "there is none at all"
    raise WalError(
        f"{archive.server}: no whole copy was complete at {_shown(moment)}: {first}. "
        "Fix: a later moment, or a dump: ./smos backups"
    )


def wal_bytes_from(archive: WalArchive, copy: BaseCopy) -> int:
    """How much log there is from a copy's begin on."""
    return sum(file.stat().st_size for name, file in segments(archive) if name[8:] >= copy.first_segment[8:])


def missing_segments(archive: WalArchive, copy: BaseCopy) -> list[str]:
    """Which segments between a copy's first and the last that is here are not: past the first of them nothing can be
    restored from that copy.
    """
    there = {name[8:] for name, _ in segments(archive)}
    per_log = 0x1_0000_0000 // copy.segment_bytes
    numbers = sorted(_number(name, per_log) for name in there if name >= copy.first_segment[8:])
    first = _number(copy.first_segment[8:], per_log)
    whole = set(numbers)
    last = numbers[-1] if numbers else first
    return [_named(number, per_log) for number in range(first, last + 1) if number not in whole][:1000]


def _number(name: str, per_log: int) -> int:
    return int(name[:8], 16) * per_log + int(name[8:], 16)


def _named(number: int, per_log: int) -> str:
    return f"{number // per_log:08X}{number % per_log:08X}"


def _read(folder: Path, note: Path) -> BaseCopy | None:
    """One folder of Barman's; None for one that was not finished."""
    try:
        text = words(note, _GIVE)
    except FileNotFoundError:
        return None
    noted = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if noted.get("status") not in _THERE:
        return None
    try:
        return BaseCopy(
            name=folder.name,
            data=folder / "data",
            began=datetime.fromisoformat(noted["begin_time"]).astimezone(UTC),
            ended=datetime.fromisoformat(noted["end_time"]).astimezone(UTC),
            first_segment=noted["begin_wal"],
            bytes=int(noted["size"]),
            segment_bytes=int(noted["xlog_segment_size"]),
            major=int(noted["version"]) // 10000,
            system=noted["systemid"],
            tablespaces=noted.get("tablespaces", "None") != "None",
        )
    except (KeyError, ValueError) as error:
        raise Damaged(note, f"it lacks what Barman notes ({error})", _GIVE) from None


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
