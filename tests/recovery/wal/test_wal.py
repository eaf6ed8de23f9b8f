"""A server's log as it is written, and any moment of it back: a real server, Barman, and what goes wrong."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg
import pytest

from recovery.wal.archive import SLOT, WalError
from recovery.wal.base import base_backup
from recovery.wal.catalogue import bases, missing_segments
from recovery.wal.progress import Progress, progress_of
from recovery.wal.scratch import cluster_at
from recovery.wal.status import status
from tests.recovery.wal.streamed import Streamed, eventually, streamed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Streamed]:
    """A server with rows of two tenants, copied whole."""
    with streamed(tmp_path_factory.mktemp("wal")) as made:
        with made.connect() as connection:
            connection.execute("CREATE DATABASE t_acme")
            connection.execute("CREATE DATABASE t_sur")
        for database in ("t_acme", "t_sur"):
            with made.connect(database) as connection:
                connection.execute("CREATE TABLE rows (id int PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())")
        with made.received():
            come_until(made, datetime.now(UTC))
            base_backup(made.archive, made.source, made.said.append)
        yield made


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


class Writer(threading.Thread):
    """Commits a row each few milliseconds, and notes which were acknowledged and when."""

    def __init__(self, server: Streamed, database: str) -> None:
        super().__init__()
        self.server, self.database, self.stop = server, database, threading.Event()
        self.acknowledged: list[tuple[int, datetime]] = []

    def run(self) -> None:
        """Until it is stopped."""
        with self.server.connect(self.database) as connection:
            connection.execute("SET synchronous_commit = on")
            first = int((connection.execute("SELECT coalesce(max(id), 0) FROM rows").fetchone() or (0,))[0])
            number = first
            while not self.stop.is_set():
                number += 1
                connection.execute("INSERT INTO rows (id) VALUES (%s)", (number,))
                self.acknowledged.append((number, datetime.now(UTC)))
                time.sleep(0.005)


def test_the_second_before_a_bad_delete_is_there(server: Streamed, tmp_path: Path) -> None:
    """All rows that were acknowledged until then, and none that came after."""
    with server.received():
        writer = Writer(server, "t_acme")
        writer.start()
        time.sleep(2)
        with server.connect("t_acme") as connection:
            row = connection.execute("DELETE FROM rows RETURNING clock_timestamp()").fetchone()
        assert row is not None
        moment = row[0] - timedelta(seconds=1)
        time.sleep(1)
        writer.stop.set()
        writer.join()
        come_until(server, datetime.now(UTC))
        found = rows_at(server, moment, tmp_path)
    before = [number for number, at in writer.acknowledged if at <= moment]
    after = {number for number, at in writer.acknowledged if at > moment + timedelta(milliseconds=500)}
    assert set(before) <= set(found)
    assert not after & set(found)


def test_what_was_written_while_nobody_received_is_there(server: Streamed, tmp_path: Path) -> None:
    """The receiver is killed; the database goes on, and status tells; when it receives again, nothing is lost."""
    with server.received() as receiver:
        come_until(server, datetime.now(UTC))
        assert receiver.process is not None
        os.killpg(receiver.process.pid, signal.SIGKILL)
    writer = Writer(server, "t_sur")
    writer.start()
    time.sleep(3)
    now = datetime.now(UTC)
    told = status(server.archive, server.source, now + timedelta(seconds=120))
    assert not told.receiving
    assert any("not received" in problem for problem in told.problems)
    assert any("late" in problem for problem in told.problems)
    assert (told.lag_bytes or 0) > 0
    writer.stop.set()
    writer.join()
    with server.received():
        come_until(server, datetime.now(UTC))
        moment = datetime.now(UTC)
        come_until(server, moment)
        found = rows_at(server, moment, tmp_path, "t_sur")
        again = status(server.archive, server.source, datetime.now(UTC))
    assert {number for number, _ in writer.acknowledged} <= set(found)
    assert again.problems == ()


def test_a_server_that_is_gone_costs_seconds(server: Streamed, tmp_path: Path) -> None:
    """What a restore gives when the server is lost at once: all but what was committed in the last seconds."""
    with server.received():
        come_until(server, datetime.now(UTC))
        writer = Writer(server, "t_sur")
        writer.start()
        time.sleep(4)
        noted = progress(server)
        lost_at = datetime.now(UTC)
        writer.stop.set()
        writer.join()
    assert noted.come_until is not None
    lag = (lost_at - noted.come_until).total_seconds()
    print(f"a mark was {lag:.1f} s old when the server was lost")
    assert lag < 15


def test_a_clock_that_is_an_hour_off_is_told_and_nothing_is_guessed(server: Streamed, tmp_path: Path) -> None:
    """A moment by one clock is another by the other: refused, until it is said whose it is."""
    server.clock = lambda: datetime.now(UTC) - timedelta(hours=1)
    try:
        with server.received():
            come_until(server, datetime.now(UTC))
            told = status(server.archive, server.source, server.clock())
            moment = datetime.now(UTC)
            come_until(server, moment)
            with (
                pytest.raises(WalError, match="3600 s ahead of"),
                cluster_at(server.archive, moment, tmp_path, server.said.append),
            ):
                pass
            with (
                cluster_at(server.archive, moment, tmp_path, server.said.append, by_servers_clock=True) as cluster,
                cluster.connect("t_acme") as connection,
            ):
                assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.clock = lambda: datetime.now(UTC)
    assert any("3600 s ahead of" in problem for problem in told.problems)
    with server.received():  # set right again
        come_until(server, datetime.now(UTC))
        eventually(lambda: abs(progress(server).ahead_s) < 2, "the clock is right again")


def test_a_moment_that_the_log_has_not_is_refused(server: Streamed, tmp_path: Path) -> None:
    """Before the first copy, and behind the log's end; each with what there is."""
    first = bases(server.archive)[0]
    for moment, words in (
        (first.ended - timedelta(seconds=1), "no whole copy was complete"),
        (datetime.now(UTC), "ends before"),
        (datetime.now(UTC) + timedelta(hours=1), "yet to come"),
    ):
        time.sleep(0.1)
        with pytest.raises(WalError, match=words), cluster_at(server.archive, moment, tmp_path, server.said.append):
            pass


def test_a_restore_that_has_no_room_is_refused_before_anything_is_written(server: Streamed, tmp_path: Path) -> None:
    """With the sum."""
    with (
        pytest.raises(WalError, match=r"no room for vps .* MB for the copy .* too little"),
        cluster_at(server.archive, bases(server.archive)[-1].ended, tmp_path, server.said.append, more_bytes=1 << 60),
    ):
        pass
    assert not list(tmp_path.glob("cluster-*"))


def test_a_flipped_bit_in_a_copy_is_never_restored(server: Streamed, tmp_path: Path) -> None:
    """One bit of one file."""
    copy = bases(server.archive)[-1]
    file = max((one for one in (copy.data / "base").rglob("*") if one.is_file()), key=lambda one: one.stat().st_size)
    content = file.read_bytes()
    file.write_bytes(content[:-100] + bytes([content[-100] ^ 1]) + content[-99:])
    try:
        with (
            pytest.raises(WalError, match=r"is damaged: base/.* has another content"),
            cluster_at(server.archive, datetime.now(UTC), tmp_path, server.said.append),
        ):
            pass
    finally:
        file.write_bytes(content)


def test_the_cluster_lets_nobody_in_with_a_password_that_is_in_use(server: Streamed, tmp_path: Path) -> None:
    """And it ends with whoever asked for it."""
    with cluster_at(server.archive, bases(server.archive)[-1].ended, tmp_path, server.said.append) as cluster:
        where = {"host": "127.0.0.1", "port": cluster.port, "dbname": "postgres"}
        from tests.recovery.wal.streamed import ADMIN, WAL

        for user, password in (("postgres", ADMIN), (SLOT, WAL)):
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(**where, user=user, password=password)  # type: ignore[arg-type] # mypy takes one value for all
        running = psutil.Process(int((cluster.folder / "pid").read_text()))
    assert not running.is_running() or running.status() == psutil.STATUS_ZOMBIE
    assert not list(tmp_path.glob("cluster-*"))


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
            after = status(server.archive, server.source, datetime.now(UTC))
            with (
                cluster_at(server.archive, moment, tmp_path / "scratch", server.said.append) as cluster,
                cluster.connect("postgres") as connection,
            ):
                assert connection.execute("SELECT count(*) FROM rows").fetchone() == (2_000_000,)
        assert after.problems == ()


def test_a_killed_restore_leaves_nothing_that_runs_and_the_next_removes_the_rest(
    server: Streamed, tmp_path: Path
) -> None:
    """By SIGKILL, while the cluster is there."""
    import subprocess
    import sys

    script = (
        "import sys, time; from datetime import datetime; from pathlib import Path\n"
        "from recovery.wal.archive import WalArchive; from recovery.wal.scratch import cluster_at\n"
        "archive = WalArchive(server='vps', folder=Path(sys.argv[1]))\n"
        "with cluster_at(archive, datetime.fromisoformat(sys.argv[2]), Path(sys.argv[3]), print) as cluster:\n"
        "    print('there', flush=True); time.sleep(60)\n"
    )
    moment = bases(server.archive)[-1].ended
    words = [sys.executable, "-c", script, str(server.archive.folder), moment.isoformat(), str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "there" not in (line := process.stdout.readline()):
            assert line, "it ended"
        (left,) = tmp_path.glob("cluster-*")
        running = psutil.Process(int((left / "pid").read_text()))
        process.kill()
    eventually(lambda: not running.is_running() or running.status() == psutil.STATUS_ZOMBIE, "its server ends", 60)
    assert left.is_dir()
    with cluster_at(server.archive, moment, tmp_path, server.said.append):
        assert not left.exists()


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
