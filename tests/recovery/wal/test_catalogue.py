"""What is there to restore from, read without Barman and without the server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kept import Damaged
from recovery.wal.archive import WalArchive, WalError
from recovery.wal.catalogue import bases, before, missing_segments
from recovery.wal.progress import Progress, ahead_at, noted, progress_of

ENDED = datetime(2026, 11, 30, 12, tzinfo=UTC)


def copied(archive: WalArchive, name: str, ended: datetime, status: str = "DONE", **more: str) -> None:
    """Barman's folder and note of one."""
    facts = {
        "status": status,
        "begin_time": (ended - timedelta(minutes=1)).isoformat(" "),
        "end_time": ended.isoformat(" "),
        "begin_wal": "0000000100000000000000FE",
        "size": "1000",
        "xlog_segment_size": str(16 << 20),
        "version": "170005",
        "systemid": "7",
        "tablespaces": "None",
        **more,
    }
    (archive.bases / name / "data").mkdir(parents=True)
    archive.notes.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{key}={value}\n" for key, value in facts.items() if value)
    (archive.notes / f"{name}-backup.info").write_text(text, encoding="utf-8")


def test_only_a_finished_copy_counts_and_the_last_before_the_moment_is_taken(tmp_path: Path) -> None:
    """One that was begun or failed is none; one that ended after the moment can't give it."""
    archive = WalArchive(server="vps", folder=tmp_path)
    copied(archive, "a", ENDED)
    copied(archive, "b", ENDED + timedelta(hours=1), "WAITING_FOR_WALS")
    copied(archive, "c", ENDED + timedelta(hours=2), "STARTED")
    copied(archive, "d", ENDED + timedelta(hours=3), "FAILED")
    assert [one.name for one in bases(archive)] == ["a", "b"]
    assert before(archive, ENDED + timedelta(minutes=59)).name == "a"
    assert before(archive, ENDED + timedelta(hours=9)).name == "b"
    assert before(archive, ENDED + timedelta(hours=9)).major == 17
    with pytest.raises(WalError, match="the first was complete at 2026-11-30T12:00:00Z"):
        before(archive, ENDED - timedelta(seconds=1))


def test_a_note_that_lacks_something_is_told_with_its_file(tmp_path: Path) -> None:
    """And never read as a copy without it."""
    archive = WalArchive(server="vps", folder=tmp_path)
    copied(archive, "a", ENDED, begin_wal="")
    with pytest.raises(Damaged, match=r"a-backup\.info"):
        bases(archive)


def test_a_hole_in_the_log_is_found_across_its_files(tmp_path: Path) -> None:
    """256 segments of 16 MB make one log, and the next begins at zero. What grows counts; what is older does not."""
    archive = WalArchive(server="vps", folder=tmp_path)
    copied(archive, "a", ENDED)
    (archive.wals / "0000000100000000").mkdir(parents=True)
    (archive.wals / "0000000100000001").mkdir(parents=True)
    archive.streaming.mkdir(parents=True)
    for name in ("0000000100000000000000FD", "0000000100000000000000FE", "0000000100000000000000FF"):
        (archive.wals / "0000000100000000" / name).touch()
    (archive.wals / "0000000100000001" / "000000010000000100000000").touch()
    (archive.streaming / "000000010000000100000002.partial").touch()
    (copy,) = bases(archive)
    assert missing_segments(archive, copy) == ["0000000100000001"]
    (archive.streaming / "000000010000000100000001").touch()
    assert missing_segments(archive, copy) == []


def test_how_far_the_clocks_differed_is_known_of_every_moment(tmp_path: Path) -> None:
    """Not only of now: the log of yesterday counts by yesterday's clock."""
    archive = WalArchive(server="vps", folder=tmp_path)
    for hours, ahead_s in ((0, 0.1), (1, 0.2), (2, 3600.0), (4, 0.1)):
        at = ENDED + timedelta(hours=hours)
        noted(archive, Progress(at=at, come_until=at, receiving=True, ahead_s=ahead_s))
    progress = progress_of(archive)
    assert ahead_at(progress, ENDED + timedelta(hours=1)) == 0.1
    assert ahead_at(progress, ENDED + timedelta(hours=3, minutes=30)) == 3600.0
    assert ahead_at(progress, ENDED + timedelta(hours=9)) == 0.1
    assert ahead_at(None, ENDED) == 0.0
