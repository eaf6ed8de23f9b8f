"""Backups that are looked at: a sample of their packs is read and the day noted in the store; what is old goes."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from recovery import looked_at
from recovery.backup import back_up
from recovery.marker import Marker
from recovery.restic_problems import ResticMissing
from recovery.restic_program import program
from recovery.retention import tidy
from settings.backups import Retention
from tests.recovery.restored.worlds import SAY, World, needs_restic


@needs_restic
def test_a_sample_is_read_and_the_day_stays_in_the_store(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks next learns it from the store; a damaged pack is a problem, and is not noted as read."""
    monkeypatch.setattr(looked_at, "opened", lambda _place, _stack, marker, _say: world.opened(marker))
    monkeypatch.setattr(looked_at, "_unproved", lambda *_: [])  # drills are another test's
    back_up(world.place, "prod", "all", SAY)
    found = looked_at.look(world.place, "prod", SAY, check=True)
    assert found.problems == ()
    assert datetime.datetime.now(datetime.UTC) - found.catalogue.checked["r2"] < datetime.timedelta(minutes=5)
    assert found.facts()["ok"]
    key, _ = world.objects("data/")[0]
    world.s3.delete_object(Bucket=world.bucket, Key=key)
    bad = looked_at.look(world.place, "prod", SAY, check=True)
    assert any("damaged or missing" in one for one in bad.problems)
    assert bad.catalogue.checked.get("r2") == found.catalogue.checked["r2"]


@needs_restic
def test_what_is_kept_no_longer_is_gone_and_the_rest_is_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three backups of one day, of which one stays: its content can be read in full."""
    moments = iter(range(3))
    now = datetime.datetime.now(datetime.UTC)
    later = lambda: Marker.of(now + datetime.timedelta(seconds=next(moments)))  # noqa: E731 - a function for one call
    monkeypatch.setattr(Marker, "now", later)
    ids = [back_up(world.place, "prod", "all", SAY).id for _ in range(3)]
    retention = Retention.model_validate({"hourly": 0, "daily": 1, "weekly": 0, "monthly": 0})
    gone = tidy(world.catalogue(), {"r2": world.restic}, retention, now)
    assert gone == {"r2": 4}
    assert [one.manifest.id for one in world.catalogue().backups] == [ids[-1]]
    world.restic.check(100)


def test_a_missing_or_old_restic_is_told_with_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is opened."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ResticMissing, match=r"not on PATH.*apt-get install restic"):
        program()
    old = tmp_path / "restic"
    old.write_text("#!/bin/sh\necho 'restic 0.9.6 compiled with go'\n")
    old.chmod(0o755)
    with pytest.raises(ResticMissing, match=r"restic 0\.9, and 0\.14 or newer"):
        program()
