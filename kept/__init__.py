"""Reading what the product has kept, whatever has become of it: cut off, no text, a folder or a fifo in its place.

A damaged file is told in words with its path and the way out, never as a traceback, and nothing waits for a fifo. What
a file holds is its reader's business, what is not there too: FileNotFoundError comes through.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

from kept.operator_error import OperatorError

__all__ = ["Damaged", "explained", "keep", "lock_file", "mapping", "parsed", "publish", "raw", "same", "words"]

MOST_BYTES = 1024 * 1024 * 1024
_MOST_TEXT = 64 * 1024 * 1024
_KINDS = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a fifo"), (stat.S_ISSOCK, "a socket"))


class Damaged(OperatorError):
    """A file that can't be used; the text says which, why, and how to mend it."""

    def __init__(self, file: Path, why: str, mend: str) -> None:
        super().__init__(f"{file}: {why}. Fix: {mend}")
        self.file = file
        self.why = why


def raw(file: Path, mend: str, at_most: int = MOST_BYTES, *, links: bool = True) -> bytes:
    """Its bytes. Raises Damaged, and FileNotFoundError when nothing is there at all. Without `links`, what a link
    leads to is not opened.
    """
    try:
        # Not waiting, or a fifo that nobody writes to would hold everything up.
        follow = 0 if links else os.O_NOFOLLOW
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | follow)
    except FileNotFoundError:
        if file.is_symlink():
            raise Damaged(file, "a link that leads nowhere", mend) from None
        raise
    except OSError as error:
        if error.errno == errno.ELOOP and not links:
            raise Damaged(file, "a link, where a file belongs", mend) from None
        raise Damaged(file, f"can't be read ({error.strerror})", mend) from None
    _refuse_no_file(descriptor, file, mend)
    with os.fdopen(descriptor, "rb") as opened:
        size = os.fstat(descriptor).st_size
        if size > at_most:
            raise Damaged(file, f"{size} bytes, and {at_most} is more than it can have", mend)
        return opened.read()


def words(file: Path, mend: str, *, links: bool = True) -> str:
    """Its text, in UTF-8. `links`: as for `raw`."""
    content = raw(file, mend, _MOST_TEXT, links=links)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Damaged(file, f"no text in UTF-8 (byte {error.start})", mend) from None


def parsed(file: Path, mend: str) -> Any:
    """The JSON in a file, of whatever kind. Raises Damaged."""
    text = words(file, mend)
    try:
        return json.loads(text)
    except RecursionError:
        raise Damaged(file, "nested too deep", mend) from None
    except ValueError as error:
        why = "empty" if not text.strip() else f"cut off or damaged ({error})"
        raise Damaged(file, why, mend) from None


def mapping(file: Path, mend: str) -> dict[str, Any]:
    """The JSON in it, which is an object."""
    content = parsed(file, mend)
    if not isinstance(content, dict):
        raise Damaged(file, "not what belongs there: no JSON object", mend)
    return content


def lock_file(file: Path, mend: str) -> int:
    """A descriptor for a lock of the kernel's on this file, which is made when it is missing. Its content stays."""
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Damaged(file, f"can't be locked ({error.strerror})", mend) from None
    _refuse_no_file(descriptor, file, mend)
    return descriptor


_NO_ROOM = {
    number: f"a file could not be written: {os.strerror(number)}. Fix: make room, or lift the limit (df -h; "
    "ulimit -f), and run the same command again"
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
}


def explained(error: OSError) -> str | None:
    """What an error of the system means for whoever runs the command; None for one that names no file."""
    if error.filename is None or not isinstance(error.filename, str | bytes | os.PathLike):
        if error.errno == errno.ENOENT and "temporary directory" in str(error.strerror):
            return (
                f"{error.strerror}. Fix: make room on one of their disks (df -h), or name another: export TMPDIR=/path"
            )
        return _NO_ROOM.get(error.errno or 0)  # a write names no file
    mends = {
        errno.EACCES: "make it readable and writable for you, or run as its owner",
        errno.EPERM: "make it readable and writable for you, or run as its owner",
        errno.ENOSPC: "make room on that disk",
        errno.EROFS: "use a clone on a disk that can be written",
    }
    mend = mends.get(error.errno or 0, "move what lies there away, and run the same command again")
    return f"{os.fsdecode(error.filename)}: {error.strerror}. Fix: {mend}"


def _refuse_no_file(descriptor: int, file: Path, mend: str) -> None:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return
    os.close(descriptor)
    what = next((name for is_one, name in _KINDS if is_one(mode)), "a device")
    raise Damaged(file, f"{what}, where a file belongs", mend)


def same(file: Path, content: str | bytes) -> bool:
    """Whether it holds just this; a damaged one doesn't."""
    try:
        return raw(file, "") == (content.encode() if isinstance(content, str) else content)
    except (Damaged, OSError):
        return False


def keep(file: Path, text: str) -> None:
    """Writes it, whole or not at all, and for its owner alone; in the place of whatever lies there but a folder."""
    _write(file, text, 0o600)


def publish(file: Path, text: str) -> None:
    """As `keep`, for a file that everybody may read."""
    _write(file, text, 0o666)


def _write(file: Path, text: str, mode: int) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}.new")
    try:
        draft.touch(mode=mode)  # less what the user's umask takes away
        draft.write_text(text, encoding="utf-8")
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
