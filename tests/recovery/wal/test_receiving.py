"""What goes wrong while a log is received or a server is copied: told, and nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recovery.wal.archive import SLOT, WalError
from recovery.wal.base import base_backup
from recovery.wal.catalogue import bases, missing_segments
from recovery.wal.scratch import cluster_at
from recovery.wal.status import WalStatus, status
from tests.recovery.wal.streamed import Streamed, eventually, streamed
from tests.recovery.wal.writing import Writer, come_until, rows, rows_at

pytestmark = pytest.mark.slow


def test_a_killed_copy_leaves_nothing_that_is_taken_for_one(server: Streamed) -> None:
    """Killed in the middle with its pg_basebackup, and killed without it; the next one removes what they left."""
    before = {one.name for one in bases(server.archive)}
    with server.received():
        come_until(server, datetime.now(UTC))
        process = killed_in_a_copy(server)
        assert process is not None
        assert {one.name for one in bases(server.archive)} == before
        made = base_backup(server.archive, server.source, server.said.append).copy
    assert {one.name for one in bases(server.archive)} == {*before, made.name}
    assert {one.name for one in server.archive.bases.iterdir()} == {*before, made.name}


def killed_in_a_copy(server: Streamed) -> int | None:
    """Barman, by SIGKILL, as soon as it has a folder for the copy."""
    import subprocess

    from recovery.wal.barman import barman_command, barman_environment

    there = set(server.archive.bases.iterdir())
    barman = subprocess.Popen(
        barman_command(server.archive, server.source, "backup", "vps"),
        env=barman_environment(server.archive),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    eventually(lambda: set(server.archive.bases.iterdir()) - there, "a folder", 60)
    barman.kill()
    barman.wait(10)
    return barman.pid


def test_a_slot_that_is_gone_is_made_anew_and_told(server: Streamed) -> None:
    """And the log goes on without a hole, as long as the server still has it."""
    with server.connect() as connection:
        connection.execute("SELECT pg_drop_replication_slot(%s)", (SLOT,))
    told = status(server.archive, server.source, datetime.now(UTC))
    assert any("no replication slot" in problem for problem in told.problems)
    with server.received():
        come_until(server, datetime.now(UTC))
    assert any("was gone" in line for line in server.said)
    assert missing_segments(server.archive, bases(server.archive)[-1]) == []


def test_somebody_elses_slot_is_not_taken(tmp_path: Path) -> None:
    """A slot of that name that is a logical one: refused with whose it may be."""
    with streamed(tmp_path) as server:
        server.cluster.stop()
        server.cluster.tune({"wal_level": "logical", "max_wal_senders": "6", "max_replication_slots": "4"})
        server.cluster.start()
        with server.connect() as connection:
            connection.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (SLOT,))
        with pytest.raises(WalError, match="is a logical one"), server.received():
            time.sleep(5)


def without_problems(server: Streamed) -> WalStatus:
    """Its status once the receiver has caught up: so little may be kept that a moment's lag is told."""
    deadline = time.monotonic() + 60
    while (found := status(server.archive, server.source, datetime.now(UTC))).problems and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def test_a_receiver_that_stays_away_too_long_does_not_fill_the_servers_disk(tmp_path: Path) -> None:
    """The server gives its slot up and goes on; that is told; behind the hole a new copy is as good as the first."""
    with streamed(tmp_path, walKeptGb=1) as server:
        with server.connect() as connection:
            connection.execute("CREATE TABLE rows (id int)")
        server.cluster.stop()
        server.cluster.tune(
            {
                "wal_level": "replica",
                "max_wal_senders": "6",
                "max_replication_slots": "4",
                "max_slot_wal_keep_size": "2MB",
            }
        )
        server.cluster.start()
        with server.received():
            come_until(server, datetime.now(UTC))
            base_backup(server.archive, server.source, server.said.append)
        with server.connect() as connection:
            for _ in range(100):
                connection.execute("INSERT INTO rows SELECT generate_series(1, 20000)")
            connection.execute("CHECKPOINT")
            connection.execute("CHECKPOINT")
        told = status(server.archive, server.source, datetime.now(UTC))
        assert told.slot == "lost", told
        assert any("hole" in problem for problem in told.problems)
        with server.received():
            moment = datetime.now(UTC)
            come_until(server, moment, 90)
            assert any("hole" in problem for problem in status(server.archive, server.source, moment).problems)
            base_backup(server.archive, server.source, server.said.append)
            moment = datetime.now(UTC)
            come_until(server, moment)
            after = without_problems(server)
            with (
                cluster_at(server.archive, moment, tmp_path / "scratch", server.said.append) as cluster,
                cluster.connect("postgres") as connection,
            ):
                assert connection.execute("SELECT count(*) FROM rows").fetchone() == (2_000_000,)
        assert after.problems == ()


def test_a_full_disk_at_the_receiver_is_told_and_nothing_is_lost(server: Streamed, tmp_path: Path) -> None:
    """The log waits at the server until there is room again."""
    with server.received():
        come_until(server, datetime.now(UTC))
    streaming = server.archive.streaming
    small = tmp_path / "small"
    small.mkdir()
    if shutil.which("mount") is None or os.geteuid() != 0 or os.system(f"mount -t tmpfs -o size=3m tmpfs '{small}'"):  # noqa: S605 - a test's own folder
        pytest.skip("a small file system takes root and mount")
    kept = streaming.rename(streaming.with_name("streaming-kept"))
    try:
        for file in kept.iterdir():
            shutil.copy2(file, small / file.name)
        streaming.symlink_to(small)
        writer = Writer(server, "t_sur")
        with server.received():
            with server.connect("t_sur") as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS big (x text)")
                connection.execute("INSERT INTO big SELECT repeat(md5(n::text), 30) FROM generate_series(1, 8000) n")
            writer.start()
            time.sleep(2)
            writer.stop.set()
            writer.join()
            eventually(
                lambda: any(
                    "No space left" in problem for problem in status(server.archive, None, datetime.now(UTC)).problems
                ),
                "told",
                60,
            )
            os.system(f"mount -o remount,size=64m '{small}'")  # noqa: S605 - a test's own folder
            moment = datetime.now(UTC)
            come_until(server, moment, 90)
            found = rows_at(server, moment, tmp_path / "scratch", "t_sur")
        assert {number for number, _ in writer.acknowledged} <= set(found)
        assert rows(server, "t_sur") == len(found)
    finally:
        streaming.unlink(missing_ok=True)
        streaming.mkdir(mode=0o700, exist_ok=True)
        for file in small.iterdir():
            shutil.copy2(file, streaming / file.name)
        os.system(f"umount '{small}'")  # noqa: S605 - a test's own folder
