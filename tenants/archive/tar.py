"""The plain tar inside an archive, read strictly: regular files with plain names, each once, and nothing else.

No links, devices, sparse files, extended headers, compression or paths; sizes are compared with what is there, so
nothing is made room for on a header's word. What tools write beyond that, an archive of ours never has.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Mapping

from kept.operator_error import OperatorError

__all__ = ["NotPlain", "packed", "unpacked"]

BLOCK = 512
MOST_PARTS = 16
MOST_PADDING = 64 * 1024
_NAME = re.compile(rb"([a-z][a-z0-9]{0,30}\.[a-z]{1,10})\0+")
_SIZE = re.compile(rb"([0-7]{11})[\0 ]")
_SUM = re.compile(rb"([0-7]{6})[\0 ]{2}")
_REGULAR = b"0"


class NotPlain(OperatorError, ValueError):
    """A tar that is none of an archive; the text says why."""


def packed(parts: Mapping[str, bytes], first: str) -> bytes:
    """The parts as a tar, `first` before the others."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(parts, key=lambda one: (one != first, one)):
            about = tarfile.TarInfo(name)
            about.size, about.mode = len(parts[name]), 0o600
            tar.addfile(about, io.BytesIO(parts[name]))
    return held.getvalue()


def unpacked(plain: bytes) -> dict[str, bytes]:
    """The files of an archive: path → content. Raises NotPlain for one that has anything else in it."""
    parts: dict[str, bytes] = {}
    offset = 0
    while any(header := plain[offset : offset + BLOCK]):
        name, size = _member(header)
        begin = offset + BLOCK
        if len(parts) == MOST_PARTS:
            raise NotPlain(f"more than {MOST_PARTS} files are in it")
        if name in parts:
            raise NotPlain(f"{name} is in it twice")
        if size > len(plain) - begin:
            raise NotPlain(f"{name}: {size} bytes are told, and it is cut off before")
        parts[name] = plain[begin : begin + size]
        offset = begin + -(-size // BLOCK) * BLOCK
        if any(plain[begin + size : offset]):
            raise NotPlain(f"{name}: something is hidden behind it")
    rest = len(plain) - offset
    if rest < 2 * BLOCK:
        raise NotPlain("it is cut off at its end")
    if rest > MOST_PADDING or plain.count(0, offset) != rest:
        raise NotPlain("something is hidden behind its end")
    return parts


def _member(header: bytes) -> tuple[str, int]:
    if len(header) < BLOCK or header[257:265] != b"ustar\x0000":
        raise NotPlain("it is no plain tar, or cut off")
    name, size, checksum = (
        _NAME.fullmatch(header[:100]),
        _SIZE.fullmatch(header[124:136]),
        _SUM.fullmatch(header[148:156]),
    )
    shown = header[:100].rstrip(b"\0").decode(errors="replace")
    if header[156:157] != _REGULAR or any(header[157:257]) or any(header[345:500]) or name is None:
        raise NotPlain(f"{shown!r} in it is no plain file of an archive")
    if size is None or checksum is None:
        raise NotPlain(f"{shown!r}: its size or checksum is no plain number")
    if sum(header) - sum(header[148:156]) + 8 * 32 != int(checksum[1], 8):
        raise NotPlain(f"{shown!r}: the checksum of its header is wrong")
    return name[1].decode(), int(size[1], 8)
