"""A server's cluster as it was at a moment, as a server of its own on this machine, for as long as it is looked at.

It is a copy: the archive is never written to. It lets nobody in until every role's password is taken from it, so that
none that is in use opens it, and then by one that nobody else knows, from this machine. It starts no worker that
reaches out (subscriptions) and sends nothing away. It lives no longer than the process that asked for it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kept.postgres_programs import as_server_user, give_to_server_user, programs_of
from kept.say import Say
from recovery.wal.archive import WalArchive, WalError
from recovery.wal.catalogue import BaseCopy, before, missing_segments, wal_bytes_from
from recovery.wal.held import held
from recovery.wal.progress import CLOCKS_DIFFER_S, ahead_at, progress_of
from recovery.wal.room import room_for
from recovery.wal.scratch_files import open_to_this_machine, written
from recovery.wal.verified import verified
from settings.postgres import DOCKER_ADMIN

if TYPE_CHECKING:
    import psycopg

__all__ = ["ScratchCluster", "cluster_at"]

LIMIT_S = 4 * 3600
_LIFELINE = """exec 3<&0
"$@" </dev/null 3<&- &
server=$!
( read -r _ ; kill -INT "$server" ) <&3 2>/dev/null &
watcher=$!
exec 3<&-
wait "$server"; code=$?
kill "$watcher" 2>/dev/null
exit "$code"
"""
"""The server ends when our end of its standard input closes, however we end."""
_NOT_REACHED = "recovery ended before configured recovery target was reached"


@dataclass(frozen=True, kw_only=True)
class ScratchCluster:
    """One that runs. Its superuser comes in by the socket, or with a password that is made for it alone."""

    copy: BaseCopy
    moment: datetime
    socket: Path
    port: int
    programs: Path
    folder: Path
    admin: str = DOCKER_ADMIN
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    seconds: float = field(default=0.0, compare=False)
    """How long it took until it could be asked."""

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """As its superuser, who sees every row."""
        import psycopg

        return psycopg.connect(
            host=str(self.socket), port=self.port, user=self.admin, dbname=database, autocommit=True, connect_timeout=10
        )


@contextlib.contextmanager
def cluster_at(
    archive: WalArchive,
    moment: datetime,
    folder: Path,
    say: Say,
    *,
    by_servers_clock: bool = False,
    more_bytes: int = 0,
    limit_s: float = LIMIT_S,
) -> Iterator[ScratchCluster]:
    """The cluster as it was, below `folder`, for the block. What one that was killed left there is removed first.

    `more_bytes`: what else its user will write there. Raises WalError: no copy before the moment, no room, the log ends
    before it, clocks that differed then.
    """
    if moment.utcoffset() is None:
        raise WalError(f"{moment} has no offset from UTC. Fix: with one, as in {moment.isoformat()}+00:00")
    if moment > datetime.now(UTC) and not by_servers_clock:
        raise WalError(f"{moment.isoformat()} is yet to come. Fix: a moment that has been")
    _clocks_agreed(archive, moment, by_servers_clock=by_servers_clock)
    copy = before(archive, moment)
    _restorable(archive, copy)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    here = WalArchive(server=archive.server, folder=folder)
    with held(here, "scratch"):
        for left in folder.glob("cluster-*"):
            shutil.rmtree(left)
        log = wal_bytes_from(archive, copy)
        wanted = {"the copy": copy.bytes, "the log": min(log, 2 << 30)} | (
            {"what is made of it": more_bytes} if more_bytes else {}
        )
        room_for(folder, wanted, f"{archive.server} as of {moment:%Y-%m-%dT%H:%M:%SZ}")
        place = Path(tempfile.mkdtemp(prefix="cluster-", dir=folder))
        try:
            with _running(archive, copy, moment, place, say, limit_s) as cluster:
                yield cluster
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _clocks_agreed(archive: WalArchive, moment: datetime, *, by_servers_clock: bool) -> None:
    ahead = ahead_at(progress_of(archive), moment)
    if abs(ahead) > CLOCKS_DIFFER_S and not by_servers_clock:
        which = "ahead of" if ahead > 0 else "behind"
        raise WalError(
            f"{archive.server}: at {moment:%Y-%m-%dT%H:%M:%SZ} the server's clock was {abs(ahead):.0f} s {which} this "
            "machine's, and its log counts by its own. Fix: give the moment by the server's clock, and say so: "
            "--by-servers-clock"
        )


def _restorable(archive: WalArchive, copy: BaseCopy) -> None:
    if copy.tablespaces:
        raise WalError(
            f"{archive.server}: the copy {copy.name} has tablespaces, which the platform makes none of and nothing "
            "here restores. Fix: barman restore, by hand"
        )
    missing = missing_segments(archive, copy)
    if missing and missing[0] <= copy.first_segment[8:]:
        raise WalError(
            f"{archive.server}: the copy {copy.name} can't be opened: its first segment of the log, {missing[0]}, is "
            "not here. Fix: a moment after the next copy"
        )


@contextlib.contextmanager
def _running(
    archive: WalArchive, copy: BaseCopy, moment: datetime, place: Path, say: Say, limit_s: float
) -> Iterator[ScratchCluster]:
    begun = time.monotonic()
    programs = programs_of(copy.major)
    say(f"{archive.server}: copying {copy.name}, {copy.bytes / 1e6:.0f} MB, and its log to {moment:%Y-%m-%dT%H:%M:%SZ}")
    data = place / "data"
    shutil.copytree(copy.data, data, symlinks=True)
    verified(archive, copy.name, data)
    with tempfile.TemporaryDirectory(prefix="smos-scratch-") as socket:  # short: a socket's path is at most 107 long
        give_to_server_user(Path(socket))
        port = written(archive, data, Path(socket), moment)
        _give_all(place)
        cluster = ScratchCluster(
            copy=copy, moment=moment, socket=Path(socket), port=port, programs=programs, folder=place
        )
        with _served(cluster, place, data, programs):
            _wait(archive, cluster, place, limit_s)
            _passwords_taken(cluster)
            open_to_this_machine(data)
            with cluster.connect("postgres") as connection:
                connection.execute("SELECT pg_reload_conf()")
            object.__setattr__(cluster, "seconds", time.monotonic() - begun)
            yield cluster


def _give_all(place: Path) -> None:
    give_to_server_user(place)
    if os.geteuid() == 0:
        for folder, folders, files in os.walk(place):
            for name in (*folders, *files):
                give_to_server_user(Path(folder) / name)


@contextlib.contextmanager
def _served(cluster: ScratchCluster, place: Path, data: Path, programs: Path) -> Iterator[None]:
    with (place / "log").open("wb") as log:
        os.chmod(log.name, 0o600)
        process = subprocess.Popen(  # noqa: S603 - ours
            as_server_user(["/bin/sh", "-c", _LIFELINE, "scratch", str(programs / "postgres"), "-D", str(data)]),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
        )
    (place / "pid").write_text(str(process.pid), encoding="ascii")
    try:
        yield
    finally:
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait(10)


def _wait(archive: WalArchive, cluster: ScratchCluster, place: Path, limit_s: float) -> None:
    import psycopg

    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        text = (place / "log").read_text(encoding="utf-8", errors="replace")
        if _NOT_REACHED in text:
            raise WalError(_ends_before(archive, cluster, text))
        if "database system is shut down" in text or "PANIC" in text:
            last = [line for line in text.splitlines() if "FATAL" in line or "PANIC" in line][-1:] or ["no word"]
            raise WalError(f"{archive.server}: the copy {cluster.copy.name} could not be opened: {last[0]}")
        with contextlib.suppress(psycopg.OperationalError), cluster.connect("postgres") as connection:
            row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
            if row == (False,):
                return
        time.sleep(0.1)
    raise WalError(f"{archive.server}: not back at {cluster.moment.isoformat()} after {limit_s:.0f} s, and ended")


def _ends_before(archive: WalArchive, cluster: ScratchCluster, text: str) -> str:
    known = [line.rsplit("at log time ", 1)[1] for line in text.splitlines() if "at log time " in line]
    last = f"the last commit in it is of {known[-1]}" if known else "nothing was committed in it"
    progress = progress_of(archive)
    come = progress.come_until if progress else None
    until = f" All until {come.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} is here." if come else ""
    return (
        f"{archive.server}: the log that is here ends before {cluster.moment:%Y-%m-%dT%H:%M:%SZ}: {last}.{until} "
        "Fix: an earlier moment; or let the receiver catch up: ./smos wal status"
    )


def _passwords_taken(cluster: ScratchCluster) -> None:
    from psycopg import sql

    with cluster.connect("postgres") as connection:
        for (role,) in connection.execute("SELECT rolname FROM pg_authid WHERE rolpassword IS NOT NULL").fetchall():
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD NULL").format(sql.Identifier(role)))
        mine = sql.Identifier(cluster.admin), sql.Literal(cluster.password)
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(*mine))
