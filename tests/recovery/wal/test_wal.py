"""A server's log as it is written, and any moment of it back: a real server, Barman, and what goes wrong."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg
import pytest

from recovery.wal.archive import SLOT, WalError
from recovery.wal.catalogue import bases
from recovery.wal.scratch import cluster_at
from recovery.wal.status import status
from tests.recovery.wal.streamed import Streamed, eventually
from tests.recovery.wal.writing import Writer, come_until, progress, rows_at

pytestmark = pytest.mark.slow


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
