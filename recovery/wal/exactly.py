"""A tenant's databases on hosts as of a moment to the second, out of the log: what `smos restore --at --exactly` does.

What else a tenant has (files, blobs, keys of Redis) is no part of a server's log, and comes from a backup.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deploy.target import RunTarget
from kept.say import Say
from recovery.marker import Marker
from recovery.opened import reached
from recovery.restore import remember
from recovery.sources import databases
from recovery.sources.databases import Database
from recovery.sources.source import Context
from recovery.wal.archive import WalArchive, WalError, archives_of
from recovery.wal.opened import archive_folder
from recovery.wal.tenant import Returned, tenant_at

__all__ = ["Exactly", "restore_exactly"]


@dataclass(frozen=True, kw_only=True)
class Exactly:
    """What an operator asked for."""

    tenant: str
    at: datetime
    to: str = ""
    """Another slug, under which it stays beside what lives."""
    into: Path | None = None
    """Where the archives are, when not in the clone."""
    by_servers_clock: bool = False


def restore_exactly(place: RunTarget, stack: str, wanted: Exactly, say: Say) -> list[Returned]:
    """Does it. Raises WalError, SourceFailed, NotRestorable; then what lives is as it was."""
    with reached(place, stack, Marker.of(wanted.at), say) as opened:
        ctx, back = opened.ctx, []
        folder = archive_folder(place, wanted.into)
        for archive in archives_of(ctx.settings, folder):
            its = _databases(ctx, archive, wanted.tenant)
            if its:
                back += tenant_at(
                    ctx,
                    archive,
                    its,
                    wanted.at,
                    archive.folder / "scratch",
                    by_servers_clock=wanted.by_servers_clock,
                    to=wanted.to,
                    left_aside=lambda part, old: remember(ctx, part, old),
                )
        if not back:
            raise WalError(
                f"the tenant {wanted.tenant} has no database on a server whose log is streamed. Fix: the newest backup "
                "at that time: ./smos restore --at TIME --tenant SLUG"
            )
        return back


def _databases(ctx: Context, archive: WalArchive, slug: str) -> list[Database]:
    found = [one for one in databases.sources(ctx) if isinstance(one, Database)]
    return [one for one in found if one.tenant == slug and one.server.name == archive.server]
