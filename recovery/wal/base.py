"""A whole copy of a server's cluster, by pg_basebackup through Barman: what the log is played on.

The log must be received meanwhile: a copy without what was written as it was made can't be opened.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

import psutil

from kept.say import Say
from recovery.wal.archive import WalArchive, WalError, WalSource, segments
from recovery.wal.barman import run_barman
from recovery.wal.catalogue import BaseCopy, bases
from recovery.wal.configuration import WINDOW_DAYS
from recovery.wal.held import held, is_held
from recovery.wal.room import room_for
from recovery.wal.verified import verified

__all__ = ["Copied", "base_backup"]

LIMIT_S = 6 * 3600
WAIT_S = 600
"""How long the last segment that belongs to the copy may take to come."""


@dataclass(frozen=True)
class Copied:
    """A copy that was just made, and how long it took."""

    copy: BaseCopy
    seconds: float


def base_backup(archive: WalArchive, source: WalSource, say: Say, *, limit_s: float = LIMIT_S) -> Copied:
    """Makes one, has it checked against its own manifest, and lets those go that nobody needs any more. What one that
    was killed left is removed first. Raises WalError.
    """
    if not is_held(archive, "receiver"):
        raise WalError(
            f"{archive.server}: its log is not received, and no copy can be opened without it. "
            "Fix: ./smos wal receive, and this once more beside it"
        )
    with held(archive, "copy"):
        _end_left_over(archive)
        _remove_unfinished(archive)
        room_for(archive.folder, {"the cluster": _size_of(source)}, f"a whole copy of {archive.server}")
        begun = monotonic()
        before = {one.name for one in bases(archive)}
        if not any(file.parent != archive.streaming for _, file in segments(archive)):
            # Barman wants to have seen one segment come before it copies anything.
            _run(archive, source, ["switch-wal", "--archive", "--archive-timeout", "60"], 90)
        _run(archive, source, ["backup", "--wait", "--wait-timeout", str(WAIT_S)], limit_s)
        made = [one for one in bases(archive) if one.name not in before]
        if not made:
            raise WalError(
                f"{archive.server}: Barman made no copy and said nothing. Its log: {archive.folder}/barman.log"
            )
        seconds = monotonic() - begun
        verified(archive, made[-1].name, made[-1].data)
        say(f"{archive.server}: copied whole, {made[-1].bytes / 1e6:.0f} MB in {seconds:.0f} s: {made[-1].name}")
        _let_old_ones_go(archive, source, say)
        return Copied(made[-1], seconds)


def _run(archive: WalArchive, source: WalSource, words: list[str], limit_s: float, *more: str) -> None:
    run_barman(archive, source, [*words, archive.server, *more], limit_s=limit_s)


def _end_left_over(archive: WalArchive) -> None:
    """A pg_basebackup whose Barman was killed goes on writing: it is found by the folder that it writes to, ours."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(word.startswith(f"--pgdata={archive.bases}/") for word in process.cmdline()):
                process.kill()
                process.wait(10)


def _remove_unfinished(archive: WalArchive) -> None:
    """Folders of copies that were not finished, with Barman's notes on them."""
    finished = {one.name for one in bases(archive)}
    for folder in archive.bases.iterdir() if archive.bases.is_dir() else ():
        if folder.name not in finished:
            shutil.rmtree(folder)
            (archive.notes / f"{folder.name}-backup.info").unlink(missing_ok=True)


def _let_old_ones_go(archive: WalArchive, source: WalSource, say: Say) -> None:
    """Every moment of the window can be reached: the newest copy that is older than it stays, those before it go."""
    old = [one for one in bases(archive) if one.ended <= datetime.now(UTC) - timedelta(days=WINDOW_DAYS)]
    for one in old[:-1]:
        _run(archive, source, ["delete"], 3600, one.name)
        say(f"{archive.server}: the copy of {one.ended:%Y-%m-%d} is older than {WINDOW_DAYS} days, and was let go")


def _size_of(source: WalSource) -> int:
    import psycopg

    from recovery.wal.following import connected

    try:
        with connected(source) as connection:
            # Each database's size asks for rights in it; the role may read all statistics.
            row = connection.execute("SELECT sum(pg_database_size(oid))::bigint FROM pg_database").fetchone()
    except psycopg.Error as error:
        raise WalError(
            f"the server can't be asked: {str(error).strip().splitlines()[0]}. Fix: ./smos tunnel, then this once more"
        ) from None
    return int(row[0]) if row else 0
