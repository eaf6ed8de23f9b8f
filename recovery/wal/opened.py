"""The archives of an environment and how its servers are reached, for a command."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from deploy import guards
from deploy.target import RunTarget, agreed, keeps_in
from kept.say import Say
from recovery.wal.archive import WalArchive, WalError, WalSource, archives_of
from recovery.wal.status import WalStatus, status
from settings import Settings, open_keyring

__all__ = ["archive_folder", "as_far_as_reached", "reached", "source_of"]


def archive_folder(place: RunTarget, into: Path | None = None) -> Path:
    """Where an environment's archives are: where it is said, or in what this clone keeps."""
    return (into or keeps_in(place.target) / "wal").absolute()


@contextlib.contextmanager
def reached(
    place: RunTarget, stack: str, server: str, into: Path | None, say: Say
) -> Iterator[list[tuple[WalArchive, WalSource]]]:
    """The servers whose log is streamed, or the one that is named, with their forwards open for the block."""
    settings = guards.settings_of(place, stack)
    agreed(place)
    wanted = _named(settings, archive_folder(place, into), server)
    with guards.tunnel_open(place, settings, say):
        yield [(archive, source_of(place, settings, archive.server)) for archive in wanted]


def as_far_as_reached(place: RunTarget, stack: str, server: str, into: Path | None, say: Say) -> list[WalStatus]:
    """How each stands, past what can't be reached."""
    settings = guards.settings_of(place, stack)
    wanted = _named(settings, archive_folder(place, into), server)
    with guards.tunnel_as_far(place, settings, say):
        return [status(one, source_of(place, settings, one.server), datetime.now(UTC)) for one in wanted]


def source_of(place: RunTarget, settings: Settings, server: str) -> WalSource:
    """How a server is reached by its forward on this machine."""
    password = open_keyring(place.environ).get(f"{settings.stack}/databaseWalPasswords/{server}")
    return WalSource(port=settings.forward(server).local_port, password=password)


def _named(settings: Settings, folder: Path, server: str) -> list[WalArchive]:
    found = [one for one in archives_of(settings, folder) if server in ("", one.server)]
    if not found:
        there = ", ".join(one.name for one in settings.streamed_servers) or "none"
        raise WalError(
            f"{settings.stack} has no server {server or 'on a host'} whose log is streamed ({there}); a vendor's own "
            "is backed up by dumps. Fix: --server with one of them; or ./smos backup"
        )
    return found
