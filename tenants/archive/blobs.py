"""The files of a tenant's blob container, in an archive and back: names, kinds and contents, each with its checksum.

One line of JSON says what follows: [name, kind, size, SHA-256] of each, in the order of their names. An archive is held
in memory, so there is a bound, and what is over it is refused with its way out, never left out in silence.
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from deploy.blob_objects import AzureBlobs, BlobsRefused
from tenants.archive.manifest import ArchiveBroken
from tenants.steps.step import Dump

__all__ = ["MOST_BLOBS", "MOST_MB", "BlobStore", "File", "unpacked"]

MOST_MB, MOST_BLOBS = 1024, 200_000
LONGEST_NAME = 1024
_MEND = "Fix: another copy of the archive"


@dataclass(frozen=True)
class File:
    """One file of an archive."""

    name: str
    kind: str
    content: bytes = field(repr=False)

    @property
    def checksum(self) -> str:
        """Of its content."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class BlobStore:
    """A container, as archives see it."""

    blobs: AzureBlobs
    step: str

    def dump(self) -> Dump:
        """All files. Raises ArchiveBroken."""
        heads: list[list[Any]] = []
        with tempfile.TemporaryFile() as held:
            for name, kind, size, checksum in self._files(held):
                heads.append([name, kind, size, checksum])
            held.seek(0)
            whole = json.dumps(heads).encode() + b"\n" + held.read()
        return Dump(file=whole, content=self._told(heads))

    def restore(self, checked: Sequence[File]) -> None:
        """Writes them; what was there beside them goes. Raises ArchiveBroken."""
        wanted = {one.name for one in checked}
        try:
            for one in checked:
                self.blobs.write(one.name, io.BytesIO(one.content), len(one.content), one.kind)
            for blob in list(self.blobs.listed()):
                if blob.name not in wanted:
                    self.blobs.remove(blob.name)
        except BlobsRefused as error:
            raise ArchiveBroken(f"blobs.bin could not be put back: {error}") from None

    def content(self) -> Mapping[str, Any]:
        """A checksum of what is in it now."""
        with tempfile.TemporaryFile() as held:
            return self._told([list(one) for one in self._files(held)])

    def _files(self, held: IO[bytes]) -> list[tuple[str, str, int, str]]:
        found: list[tuple[str, str, int, str]] = []
        total = 0
        try:
            for blob in self.blobs.listed():
                total += blob.size
                if total > MOST_MB << 20 or len(found) >= MOST_BLOBS:
                    raise ArchiveBroken(
                        f"{self.blobs.container}: its files are more than an archive takes ({MOST_MB} MB, {MOST_BLOBS} "
                        "files). Nothing was left out in silence: nothing was written. Fix: ./smos backup takes them; "
                        "who deletes the tenant without its archive says --no-export"
                    )
                begin = held.tell()
                size = self.blobs.read(blob.name, held)
                held.seek(begin)
                checksum = hashlib.sha256(held.read(size)).hexdigest()
                found.append((blob.name, blob.content_type, size, checksum))
        except BlobsRefused as error:
            raise ArchiveBroken(f"the files of the blob container can't be read: {error}") from None
        return found

    def _told(self, heads: Sequence[Sequence[Any]]) -> Mapping[str, Any]:
        return {"steps": {self.step: hashlib.sha256(json.dumps(list(map(list, heads))).encode()).hexdigest()}}


def unpacked(content: bytes) -> list[File]:
    """The files, once all of it is what its first line says. Raises ArchiveBroken."""
    line, _, rest = content.partition(b"\n")
    try:
        heads = json.loads(line)
        if not isinstance(heads, list):
            raise ValueError("its first line is no list")
        found, offset, names = [], 0, set()
        for name, kind, size, checksum in heads:
            if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or name in names:
                raise ValueError("a name that is none, or twice")
            if not isinstance(kind, str) or len(kind) > 255 or any(ord(letter) < 32 for letter in kind):
                raise ValueError(f"{name[:80]}: its kind is none")
            if type(size) is not int or not 0 <= size <= len(rest) - offset:
                raise ValueError(f"{name[:80]}: it is cut off")
            one = File(name, kind, rest[offset : offset + size])
            if one.checksum != checksum:
                raise ValueError(f"{name[:80]}: its checksum is another")
            found.append(one)
            names.add(name)
            offset += size
        if offset != len(rest):
            raise ValueError("something is behind its end")
    except (ValueError, TypeError, RecursionError) as error:
        raise ArchiveBroken(f"blobs.bin: {str(error)[:200]}. {_MEND}") from None
    return found
