"""What is wrong with the backups that there are: late, shrunken, unreadable, under another key, not of everything.

Pure: it judges what the catalogue says. Nothing is read from a store here.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

from recovery.catalogue import Catalogue
from recovery.manifest import Manifest, Part
from settings.backups import Backups

__all__ = ["problems", "recovery_point"]

SHRUNKEN = 0.5
"""A part that has less than this of what it had before is told."""
FEWEST_ROWS, FEWEST_BYTES = 100, 1 << 20
"""Below them a part may shrink unseen: they say nothing."""
CHECK_EVERY = datetime.timedelta(days=2)
"""A sample of packs is read each day: one day may fail."""


def recovery_point(catalogue: Catalogue, now: datetime.datetime) -> datetime.timedelta | None:
    """How much would be lost if everything was lost now; None without a whole backup."""
    newest = catalogue.newest()
    return now - newest.manifest.marker.at if newest else None


def problems(
    catalogue: Catalogue, backups: Backups, now: datetime.datetime, *, slugs: tuple[str, ...], keys: Mapping[str, str]
) -> list[str]:
    """A line for each; none when all is well. `slugs`: the tenants that are there. `keys`: store → the id of the key
    that the keyring has now.
    """
    found = list(catalogue.problems)
    newest = catalogue.newest()
    if newest is None:
        return [*found, "there is no backup of everything yet. Fix: ./smos backup all"]
    found += _late(catalogue, backups, now)
    found += [f"{newest.manifest.id} misses {one.name}: {one.why}" for one in newest.manifest.missed]
    found += _not_there(newest.manifest, slugs)
    found += _shrunken(catalogue)
    found += _domains(newest.manifest, backups)
    found += _keys(newest.manifest, keys)
    found += _unchecked(catalogue, now)
    return found


def _late(catalogue: Catalogue, backups: Backups, now: datetime.datetime) -> Iterator[str]:
    age = recovery_point(catalogue, now)
    limit = datetime.timedelta(minutes=2 * backups.interval_minutes.databases)
    if age is not None and age > limit:
        yield (
            f"the last backup of everything is {_minutes(age)} old, and one is made every "
            f"{backups.interval_minutes.databases} minutes. Fix: ./smos backup all; then why none was made: the log of "
            "the container backups"
        )
    elif age is not None and age < -datetime.timedelta(minutes=5):
        yield (
            f"the last backup is {_minutes(-age)} in the future. Fix: the clock of this machine, or of the one that "
            "made it"
        )


def _not_there(manifest: Manifest, slugs: tuple[str, ...]) -> Iterator[str]:
    for slug in slugs:
        if slug not in manifest.tenants:
            yield (
                f"tenant {slug} is in no part of {manifest.id}: it is newer, or was missed. Fix: ./smos backup {slug}"
            )


def _shrunken(catalogue: Catalogue) -> Iterator[str]:
    whole = [one.manifest for one in catalogue.backups if one.manifest.scope == "all"]
    if len(whole) < 2:
        return
    now, before = whole[-1], {part.name: part for part in whole[-2].parts}
    for part in now.parts:
        old = before.pop(part.name, None)
        if old is None:
            continue
        rows, had = _rows(part), _rows(old)
        if had >= FEWEST_ROWS and rows < SHRUNKEN * had:
            yield f"{part.name} has {rows} rows in {now.id} and had {had} in {whole[-2].id}: shrunken, or emptied"
        elif old.bytes >= FEWEST_BYTES and part.bytes < SHRUNKEN * old.bytes:
            yield f"{part.name} has {part.bytes} bytes in {now.id} and had {old.bytes} in {whole[-2].id}: shrunken"
    missed = {one.name for one in now.missed}
    for name in sorted(before.keys() - missed):
        yield f"{name} was in {whole[-2].id} and is not in {now.id}: it is not there any more"


def _rows(part: Part) -> int:
    return sum(count for name, count in part.digests.rows.items() if not name.startswith("("))


def _domains(manifest: Manifest, backups: Backups) -> Iterator[str]:
    domains = {store.name: store.domain for store in backups.stores}
    for part in manifest.parts:
        if domains.get(part.store) == part.domain:
            yield f"{part.name} is in {part.domain}, and so is its backup in {part.store}: both would be lost together"


def _keys(manifest: Manifest, keys: Mapping[str, str]) -> Iterator[str]:
    for store, key in manifest.key_ids.items():
        if store in keys and key.rpartition("/")[2] != keys[store]:
            yield f"{manifest.id} in {store} was written under another password than the keyring's: it can't be read"


def _unchecked(catalogue: Catalogue, now: datetime.datetime) -> Iterator[str]:
    for store, snapshots in catalogue.snapshots.items():
        if not snapshots or now - snapshots[0].at < CHECK_EVERY:
            continue
        last = catalogue.checked.get(store)
        if last is None or now - last > CHECK_EVERY:
            when = f"since {last:%Y-%m-%d %H:%M} UTC" if last else "ever"
            yield f"no sample of the packs in {store} was read {when}. Fix: ./smos backups --check"


def _minutes(age: datetime.timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} minutes" if minutes < 180 else f"{minutes // 60} hours"
