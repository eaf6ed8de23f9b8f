"""The end of a tenant: doors closed, everything exported, taken down, and the proof that nothing is left.

Each step can be run again; until the proof is there, the tenant's file stays, with `state: offboarding`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.target import Workplace
from settings.parts import AzureBlobs, AzurePostgres
from tenants import lifecycle
from tenants.archive.moves import export
from tenants.archive.shelf import Shelf, shelf_of
from tenants.desired import Reread, set_state
from tenants.ground import Ground, prepared
from tenants.residue import Left, left_of

__all__ = ["Deleted", "Kept", "Residue", "delete"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class Kept:
    """What a vendor keeps of something deleted, and until when."""

    what: str
    until: str
    """A date, as in 2026-01-31."""


@dataclass(frozen=True)
class Deleted:
    """A tenant that is no more."""

    slug: str
    archive: Path | None
    resources: int
    kept: tuple[Kept, ...]


class Residue(Exception):
    """Something is left: all of it, one a line. The tenant's file stays; the same command again looks anew."""

    def __init__(self, slug: str, found: list[Left]) -> None:
        lines = "\n".join(f"  {one}" for one in found)
        super().__init__(f"of tenant {slug} {len(found)} things are left:\n{lines}\nthen: ./smos tenant delete {slug}")
        self.found = found


def delete(place: Workplace, stack: str, reread: Reread, slug: str, say: Say) -> Deleted:
    """Ends a tenant. Raises Residue when anything of it is left anywhere."""
    entry = reread().find(slug)
    shelf = shelf_of(place)
    archive, deleted = None, 0
    if slug in lifecycle.live(place):
        set_state(place, stack, reread, slug, "offboarding", say)
        with prepared(place, stack, say) as ground:
            archive = export(ground, entry.tenant, shelf.folder, say).file
            say(f"{archive.name}: whole")
            deleted = lifecycle.take_down(ground, slug, say).changed
    with prepared(place, stack, say) as ground:
        say(f"looking for what is left of {slug}")
        found = left_of(ground, entry.tenant, [one.tenant.slug for one in reread().entries])
        if found:
            raise Residue(slug, found)
        kept = tuple(_kept(ground, shelf, archive))
    shelf.keep_file(slug, reread().remove(slug))
    return Deleted(slug, archive, deleted, kept)


def _kept(ground: Ground, shelf: Shelf, archive: Path | None) -> Iterator[Kept]:
    """By design: a mistake can be taken back until then, and nobody can hurry it."""
    today = datetime.datetime.now(datetime.UTC).date()

    def after(days: int) -> str:
        return (today + datetime.timedelta(days=days)).isoformat()

    settings = ground.settings
    server = settings.database_server(ground.platform.server.name).placement
    if isinstance(server, AzurePostgres):
        days = server.backup_retention_days
        yield Kept("Azure can restore the database server to a point in time before this", after(days))
    storage = settings.services.storage
    if storage is not None and isinstance(storage.placement, AzureBlobs):
        yield Kept("Azure keeps the deleted blob container", after(storage.placement.keep_deleted_days))
    if archive is not None and settings.services.tenants is not None:
        days = settings.services.tenants.archive_retention_days
        yield Kept(f"the archive {archive.name}, encrypted to the keyring's recipients", after(days))
