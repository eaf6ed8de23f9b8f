"""What is wrong with the backups that there are is told; of good ones nothing."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from recovery.catalogue import Backup, Catalogue
from recovery.judged import problems, recovery_point
from recovery.manifest import Digests, Manifest, Missed, Part
from recovery.marker import Marker
from recovery.restic_program import Snapshot
from settings.backups import Backups

NOON = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)
STORE = {"name": "r2", "kind": "r2", "bucket": "backups", "endpoint": "https://a.r2.cloudflarestorage.com"}
SETTINGS = Backups.model_validate({"stores": [STORE]})
MINUTE = datetime.timedelta(minutes=1)


def part(tenant: str, rows: int = 1000, size: int = 5_000_000, domain: str = "host:vps") -> Part:
    """A tenant's database."""
    return Part(
        name=f"database:vps/t_{tenant}",
        kind="database",
        tenant=tenant,
        domain=domain,
        store="r2",
        snapshot="s",
        bytes=size,
        seconds=1,
        taken_at=NOON,
        digests=Digests(rows={"public.notes": rows, "(indexes)": 5000}),
    )


def manifest(minutes_ago: float, *parts: Part, **more: Any) -> Manifest:
    """Of these parts; else of two tenants."""
    at = NOON - minutes_ago * MINUTE
    values = {"parts": parts or (part("acme"), part("beta")), "key_ids": {"r2": "repository/key"}, **more}
    return Manifest(id=Marker.of(at).id, environment="prod", began_at=at, ended_at=at, **values)


def judged(*manifests: Manifest, checked: float | None = 60, first: float = 100, keys: str = "key") -> list[str]:
    """What is said of them, a sample having been read so many minutes ago, and the first made so many."""
    backups = tuple(Backup(manifest=one, stores=("r2",)) for one in manifests)
    snapshot = Snapshot(id="s", at=NOON - first * MINUTE, tags=frozenset(), host="prod")
    read = {"r2": NOON - checked * MINUTE} if checked is not None else {}
    catalogue = Catalogue(backups=backups, checked=read, snapshots={"r2": (snapshot,)})
    return problems(catalogue, SETTINGS, NOON, slugs=("acme", "beta"), keys={"r2": keys})


def test_of_good_ones_nothing_is_said() -> None:
    """Two, a quarter of an hour apart."""
    assert judged(manifest(20), manifest(5)) == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([], "there is no backup of everything"),
        ([manifest(5, scope="acme")], "there is no backup of everything"),
        ([manifest(31)], "31 minutes old"),
        ([manifest(-10)], "in the future"),
        ([manifest(5, part("acme"))], "tenant beta is in no part"),
        ([manifest(5, missed=(Missed(name="redis:redis", why="gone"),))], "misses redis:redis: gone"),
        ([manifest(20), manifest(5, part("acme", rows=499), part("beta"))], "has 499 rows"),
        ([manifest(20), manifest(5, part("acme", size=1_000), part("beta"))], "shrunken"),
        ([manifest(20, part("acme"), part("beta"), part("old")), manifest(5)], "t_old was in"),
        ([manifest(5, part("acme", domain="cloudflare"), part("beta"))], "both would be lost together"),
    ],
)
def test_each_fault_is_told(found: list[Manifest], words: str) -> None:
    """One fault, one line."""
    (line,) = judged(*found)
    assert words in line


def test_another_password_than_the_keyrings_is_told() -> None:
    """Before somebody needs it."""
    (line,) = judged(manifest(5), keys="another")
    assert "another password than the keyring's" in line


def test_packs_that_nobody_reads_are_told() -> None:
    """Never, or too long ago; but not in the first days."""
    days = 3 * 24 * 60
    assert judged(manifest(5), checked=None, first=100) == []
    assert "was read ever" in judged(manifest(5), checked=None, first=days)[0]
    assert "was read since" in judged(manifest(5), checked=days, first=days)[0]


def test_the_recovery_point_is_the_age_of_the_newest_of_all() -> None:
    """A tenant's own does not make it younger."""
    backups = tuple(Backup(manifest=one, stores=("r2",)) for one in (manifest(20), manifest(5, scope="acme")))
    assert recovery_point(Catalogue(backups=backups, checked={}, snapshots={}), NOON) == 20 * MINUTE


def test_a_sequence_that_moved_on_is_no_difference() -> None:
    """It is no part of a snapshot; one that went back is."""
    before = Digests(sequences={"s": "5", "t": "unused"})
    assert before.differences(Digests(sequences={"s": "7", "t": "1"})) == []
    assert before.differences(Digests(sequences={"s": "4", "t": "unused"})) == ["s: sequence 5 in the backup, 4 found"]
    assert before.differences(Digests(sequences={"t": "unused"})) == ["s: sequence 5 in the backup, none found"]
