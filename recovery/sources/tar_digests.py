"""What is in a tar that flows by: of each entry its kind, mode, owner and content, in one checksum.

Times are not compared: an application that opens a folder changes them. The stream is read once, by whoever wants it;
what passes is looked at on the way.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tarfile
import threading
from collections.abc import Iterator
from typing import IO

from recovery.manifest import Digests

__all__ = ["BLOCK", "MOST_NAMED", "Watched", "digests_of", "watched"]

BLOCK = 1 << 20
MOST_NAMED = 20_000
"""With more files than that, the manifest has one checksum a folder at the top, and one for all below it."""
_KINDS = {tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link", tarfile.LNKTYPE: "hard link"}


class Watched:
    """A stream, and what was in it once it has ended."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.bytes = 0
        self.digests: Digests | None = None
        """None: it was no whole tar."""
        self.failed = ""


@contextlib.contextmanager
def watched(source: IO[bytes]) -> Iterator[Watched]:
    """The source's bytes once more, in a file of the system. After the block, `digests` says what they were."""
    out_read, out_write = os.pipe()
    look_read, look_write = os.pipe()
    with os.fdopen(out_read, "rb") as stream:
        found = Watched(stream)
        looking = threading.Thread(target=_look, args=(look_read, found), daemon=True)
        pumping = threading.Thread(target=_pump, args=(source, out_write, look_write, found), daemon=True)
        looking.start()
        pumping.start()
        try:
            yield found
        finally:
            stream.close()
            pumping.join()
            looking.join()


def digests_of(source: IO[bytes]) -> Digests:
    """Of a whole tar. Raises tarfile.TarError for one that is cut off."""
    contents: dict[str, str] = {}
    size, count = 0, 0
    with tarfile.open(fileobj=source, mode="r|") as tar:
        for entry in tar:
            contents[_name(entry)] = _entry(tar, entry)
            count += entry.isfile()
            size += entry.size if entry.isfile() else 0
    while source.read(BLOCK):  # what fills its last block up
        pass
    if len(contents) > MOST_NAMED:
        contents = _by_folder(contents)
    return Digests(rows={"files": count, "(bytes)": size}, contents=contents)


def _name(entry: tarfile.TarInfo) -> str:
    return entry.name.removeprefix("./") or "."


def _entry(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> str:
    kind = "file" if entry.isfile() else _KINDS.get(entry.type, entry.type.decode(errors="replace"))
    found = hashlib.sha256(f"{kind} {entry.mode:o} {entry.uid}:{entry.gid} {entry.linkname}\n".encode())
    content = tar.extractfile(entry) if entry.isfile() else None
    if content is not None:
        while block := content.read(BLOCK):
            found.update(block)
    return found.hexdigest()


def _by_folder(contents: dict[str, str]) -> dict[str, str]:
    together: dict[str, list[str]] = {}
    for name, checksum in contents.items():
        together.setdefault(name.partition("/")[0], []).append(f"{name} {checksum}")
    return {
        name if len(lines) == 1 and lines[0].startswith(f"{name} ") else f"{name}/": hashlib.sha256(
            "\n".join(sorted(lines)).encode()
        ).hexdigest()
        for name, lines in together.items()
    }


def _look(file: int, found: Watched) -> None:
    with os.fdopen(file, "rb") as stream:
        try:
            found.digests = digests_of(stream)
        except (tarfile.TarError, OSError) as error:
            found.failed = str(error) or type(error).__name__
            while stream.read(BLOCK):  # who pumps waits for nobody
                pass


def _pump(source: IO[bytes], out: int, look: int, found: Watched) -> None:
    with os.fdopen(out, "wb") as outward, os.fdopen(look, "wb") as looked_at, contextlib.suppress(OSError, ValueError):
        while block := source.read(BLOCK):
            found.bytes += len(block)
            looked_at.write(block)
            outward.write(block)
