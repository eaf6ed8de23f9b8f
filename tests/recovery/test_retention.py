"""Which backups stay."""

from __future__ import annotations

import datetime

from hypothesis import given
from hypothesis import strategies as st

from recovery.catalogue import Backup, Catalogue
from recovery.manifest import Manifest
from recovery.marker import Marker
from recovery.restic_program import Snapshot
from recovery.retention import forgotten, kept
from settings.backups import Retention

NOON = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)


def made(hours_ago: float, scope: str = "all") -> Manifest:
    """A backup without parts."""
    at = NOON - datetime.timedelta(hours=hours_ago)
    return Manifest(id=Marker.of(at).id, environment="prod", scope=scope, began_at=at, ended_at=at, parts=())


def retention(**counts: int) -> Retention:
    """These, and nothing else."""
    return Retention.model_validate({"hourly": 0, "daily": 1, "weekly": 0, "monthly": 0, **counts})


def test_the_last_of_each_hour_and_day_stays() -> None:
    """Four an hour for three days, of which six hours and two days are kept."""
    every = [made(quarter / 4) for quarter in range(4 * 72)]
    stay = kept(every, retention(hourly=6, daily=2))
    assert stay == {made(hours).id for hours in (0, 0.25, 1.25, 2.25, 3.25, 4.25)} | {made(12.25).id}


def test_a_tenants_own_backup_is_no_reason_to_forget_one_of_all() -> None:
    """Each scope is counted by itself."""
    stay = kept([made(1), made(0, "acme")], retention(daily=1))
    assert stay == {made(1).id, made(0).id}


@given(st.lists(st.floats(0, 10_000), min_size=1, max_size=40), st.integers(0, 5), st.integers(1, 5))
def test_the_newest_always_stays(ages: list[float], hourly: int, daily: int) -> None:
    """Whatever the numbers are; and never more than they say."""
    stay = kept([made(age) for age in ages], retention(hourly=hourly, daily=daily))
    assert made(min(ages)).id in stay
    assert len(stay) <= 1 + hourly + daily


def snapshot(name: str, id_: str, hours_ago: float) -> Snapshot:
    """A part of a backup."""
    tags = frozenset({"kind=part", f"id={id_}"})
    return Snapshot(id=name, at=NOON - datetime.timedelta(hours=hours_ago), tags=tags, host="prod")


def catalogue(problems: tuple[str, ...] = ()) -> Catalogue:
    """A new backup, an old one, one that was cut off long ago, and one that may be being made."""
    new, old = made(1), made(200)
    parts = [
        snapshot("new", new.id, 1),
        snapshot("old", old.id, 200),
        snapshot("cut-off", made(90).id, 90),
        snapshot("in-the-making", made(0).id, 0),
    ]
    backups = tuple(Backup(manifest=one, stores=("r2",)) for one in (old, new))
    return Catalogue(backups=backups, checked={}, problems=problems, snapshots={"r2": tuple(parts)})


def test_a_backup_goes_as_a_whole_and_what_was_cut_off_with_it() -> None:
    """But not what may be a backup that is being made."""
    assert forgotten(catalogue(), retention(daily=1), NOON) == {"r2": ["old", "cut-off"]}


def test_what_can_not_be_read_is_no_reason_to_remove_its_parts() -> None:
    """A manifest that a store does not give today makes its parts look cut off."""
    assert forgotten(catalogue(("backup x: damaged",)), retention(daily=1), NOON) == {"r2": ["old"]}
