"""Barman as it is run here: one program, one configuration, an end to every wait, and what it says when it fails.

It is run and never imported: its licence is the GPL's, and what it loads is its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from recovery.wal.archive import WalArchive, WalError, WalSource
from recovery.wal.configuration import configured
from recovery.wal.installed import barman_packages

__all__ = ["barman_command", "barman_environment", "run_barman"]

_SAYS_NOTHING = "it said nothing"


def barman_command(archive: WalArchive, source: WalSource, *words: str) -> list[str]:
    """The words of a command line; the configuration is written first."""
    barman_packages()
    python = [sys.executable, "-P", "-m", "barman.cli"]
    return [*python, "--config", str(configured(archive, source)), "--color", "never", *words]


def barman_environment(archive: WalArchive) -> dict[str, str]:
    """Nothing of the operator's own: no variable of libpq leads it to another server."""
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "PYTHONPATH": str(barman_packages()),
        "HOME": str(archive.folder),
        "LC_ALL": "C",
        "TZ": "UTC",
    }


def run_barman(archive: WalArchive, source: WalSource, words: Sequence[str], *, limit_s: float) -> str:
    """What it said. Raises WalError with what it said when it fails or does not end. Ended, it leaves nothing running:
    its children are of its own session.
    """
    command = barman_command(archive, source, *words)
    with subprocess.Popen(  # noqa: S603 - ours
        command,
        env=barman_environment(archive),
        cwd=archive.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            said, _ = process.communicate(timeout=limit_s)
        except BaseException as error:
            _end(process.pid)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise WalError(
                    f"barman {words[0]} {archive.server}: not done after {limit_s:.0f} s, and ended"
                ) from None
            raise
    if process.returncode:
        raise WalError(f"barman {words[0]} {archive.server}: {_why(said)}. Its log: {archive.folder / 'barman.log'}")
    return said


def _end(group: int) -> None:
    import signal
    from contextlib import suppress

    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _why(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR", "EXCEPTION", "CRITICAL"))]
    return "; ".join((errors or lines[-1:] or [_SAYS_NOTHING])[:3])
