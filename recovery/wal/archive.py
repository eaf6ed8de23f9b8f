"""Where the log and the whole copies of one server are on this machine, and how the server is reached for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kept.operator_error import OperatorError
from settings.postgres import WAL_ROLE

if TYPE_CHECKING:
    from settings import Settings

__all__ = ["SLOT", "WalArchive", "WalError", "WalSource", "archives_of", "segments"]

SLOT = WAL_ROLE
"""The replication slot: while it is there, the server keeps what was not yet received."""
_SEGMENT = 24
"""How many hexadecimal digits name a segment: eight each of the timeline, the log and the segment in it."""


class WalError(OperatorError):
    """Something about a server's log or its whole copies; the message says how to mend it."""


@dataclass(frozen=True, kw_only=True)
class WalSource:
    """How the server is reached: by the SSH forward on this machine, as the one role that may replicate."""

    port: int
    password: str = field(repr=False)
    host: str = "127.0.0.1"
    user: str = WAL_ROLE
    database: str = "postgres"
    sslmode: str = "disable"


@dataclass(frozen=True, kw_only=True)
class WalArchive:
    """What Barman keeps of one server. It can be read, and restored from, when the server is gone."""

    server: str
    """What the settings call it, and Barman too."""
    folder: Path
    """Barman's home; for its owner alone."""

    @property
    def bases(self) -> Path:
        """One folder a whole copy."""
        return self.folder / self.server / "base"

    @property
    def notes(self) -> Path:
        """What Barman notes of each copy."""
        return self.folder / self.server / "meta"

    @property
    def wals(self) -> Path:
        """Whole segments, sixteen digits of their name a folder."""
        return self.folder / self.server / "wals"

    @property
    def streaming(self) -> Path:
        """What was received and is not put away yet; the last one grows."""
        return self.folder / self.server / "streaming"

    @property
    def lock(self) -> Path:
        """Held by whoever changes something here; the system lets it go when the holder dies."""
        return self.folder / f"{self.server}.lock"


def archives_of(settings: Settings, folder: Path) -> tuple[WalArchive, ...]:
    """Those of an environment's servers, below a folder."""
    return tuple(
        WalArchive(server=server.name, folder=folder / settings.stack / server.name)
        for server in settings.streamed_servers
    )


def segments(archive: WalArchive) -> Iterator[tuple[str, Path]]:
    """Every segment that is here, by name, in no order; one that grows still is `.partial`."""
    folders = [archive.streaming, *(archive.wals.glob("?" * 16) if archive.wals.is_dir() else ())]
    for folder in folders:
        for file in folder.iterdir() if folder.is_dir() else ():
            name = file.name.removesuffix(".partial")
            if len(name) == _SEGMENT and not set(name) - set("0123456789ABCDEF"):
                yield name, file
