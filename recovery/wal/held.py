"""One at a time: who receives, copies or restores holds a lock, which the system lets go when the holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from recovery.wal.archive import WalArchive, WalError

__all__ = ["held", "is_held"]


@contextlib.contextmanager
def held(archive: WalArchive, what: str) -> Iterator[None]:
    """Raises WalError while another process holds it. `what`: receiver, copy."""
    archive.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = archive.folder / f"{what}.lock"
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WalError(
                f"{file}: process {lock.read().strip() or '?'} holds it. Fix: wait for it, or end that one"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def is_held(archive: WalArchive, what: str) -> bool:
    """Whether some process does it now."""
    file = archive.folder / f"{what}.lock"
    if not file.is_file():
        return False
    with file.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
