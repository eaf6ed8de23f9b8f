"""Where archives lie, and for how long those of deleted tenants are kept."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from age_keyring.store import write_whole
from deploy.target import RunTarget, keeps_in
from kept import words
from tenants.archive.file import SUFFIXES

__all__ = ["Retention", "Shelf", "Shelved", "shelf_of"]

_NAME = re.compile(rf"(?P<slug>[a-z][a-z0-9-]*)-(?P<made>\d{{8}}T\d{{6}}Z)(?:{'|'.join(map(re.escape, SUFFIXES))})")


@dataclass(frozen=True)
class Shelved:
    """One archive on the shelf."""

    file: Path
    slug: str
    made: datetime.datetime

    def expires(self, days: int) -> datetime.date:
        """The day from which on it need not be kept."""
        return (self.made + datetime.timedelta(days=days)).date()


@dataclass(frozen=True)
class Shelf:
    """A folder of archives, and of the files of deleted tenants."""

    folder: Path

    def archives(self) -> Iterator[Shelved]:
        """Oldest first; what has another name is none of ours and stays."""
        files = [file for suffix in SUFFIXES for file in self.folder.glob(f"*{suffix}")]
        for file in sorted(files, key=lambda one: one.name):
            match = _NAME.fullmatch(file.name)
            if match is not None and (made := _time(match["made"])) is not None:
                yield Shelved(file, match["slug"], made)

    def begin_ending(self, slug: str, archive: Path) -> None:
        """From here on the tenant may be half gone: this archive is the whole of it."""
        write_whole(self._ending(slug), f"{archive.name}\n".encode())

    def ending(self, slug: str) -> Path | None:
        """The archive with which a delete that has not ended began."""
        try:
            archive = (
                self.folder
                / Path(
                    words(
                        self._ending(slug),
                        f"write the name of the archive with which the delete of {slug} began into it",
                    ).strip()
                ).name
            )
        except FileNotFoundError:
            return None
        return archive if archive.is_file() else None

    def forget_ending(self, slug: str) -> None:
        """It has ended, or the tenant is brought up again."""
        self._ending(slug).unlink(missing_ok=True)

    def _ending(self, slug: str) -> Path:
        return self.folder / f"{slug}.ending"

    def remove(self, archives: Iterable[Shelved]) -> None:
        """Removes them; and the file of a tenant of whom no archive is left."""
        for one in archives:
            one.file.unlink()
            if all(other.slug != one.slug for other in self.archives()):
                (self.folder / f"{one.slug}.yaml").unlink(missing_ok=True)
                self.forget_ending(one.slug)

    def keep_file(self, slug: str, text: str) -> None:
        """The file of a deleted tenant."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(self.folder / f"{slug}.yaml", text.encode())


def _time(text: str) -> datetime.datetime | None:
    """None for a time that is none."""
    try:
        return datetime.datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    except ValueError:
        return None


@dataclass(frozen=True)
class Retention:
    """For how long archives are kept: of tenants that are there, for as long; of deleted ones, for some days."""

    there: frozenset[str]
    """Slugs that have a file or a stack."""
    today: datetime.date
    days: int = 30

    def until(self, one: Shelved) -> datetime.date | None:
        """The day from which on an archive of a deleted tenant may go; None: its tenant is there."""
        return None if one.slug in self.there else one.expires(self.days)

    def expired(self, shelf: Shelf) -> list[Shelved]:
        """Those of deleted tenants whose day has come."""
        found = [(one, self.until(one)) for one in shelf.archives()]
        return [one for one, until in found if until is not None and until <= self.today]


def shelf_of(place: RunTarget) -> Shelf:
    """The clone's own, which is in no commit; a simulated run's is its sandbox's."""
    return Shelf(keeps_in(place.target) / "archive")
