"""A backup of real databases, and one tenant or one service put back: what came back is what the manifest says."""

from __future__ import annotations

import datetime

import pytest

from recovery.backup import NothingToBackUp, back_up
from recovery.marker import BadMarker, moment_of
from recovery.restore import NotInBackup, Wanted, remove_old, restore
from recovery.sources.returned import remove
from recovery.sources.source import NotRestorable, SourceFailed
from tests.recovery.restored.worlds import SAY, World, needs_restic

pytestmark = needs_restic
NOTES = "SELECT count(*), min(words), max(id) FROM notes"
EVERYTHING = "SELECT * FROM messages ORDER BY id"


def test_every_database_is_in_it_with_one_marker(world: World) -> None:
    """Rows as they are, hidden ones too; one marker in all; the skew between them is known."""
    manifest = back_up(world.place, "prod", "all", SAY)
    assert [part.name for part in manifest.parts] == [
        "database:vps/chatwoot",
        "database:vps/t_acme",
        "database:vps/t_beta",
    ]
    assert not manifest.missed
    assert manifest.tenants == ("acme", "beta")
    acme = next(part for part in manifest.parts if part.tenant == "acme")
    assert acme.digests.rows["public.notes"] == 500
    assert acme.digests.rows["public.hidden"] == 1
    assert acme.digests.rows["(large objects)"] == 1
    assert manifest.skew < datetime.timedelta(seconds=5)
    for database in ("chatwoot", "t_acme", "t_beta"):
        assert world.asked(database, "SELECT id FROM smarteros_recovery.marker") == [(manifest.id,)]
    (backup,) = world.catalogue().backups
    assert backup.manifest == manifest


def test_one_tenant_is_back_and_nobody_else_is_touched(world: World) -> None:
    """A bad DELETE is undone; what a neighbour wrote since stays. The old one is kept, closed, until told to go."""
    before = world.asked("t_acme", NOTES)
    manifest = back_up(world.place, "prod", "all", SAY)
    world.asked("t_acme", "DELETE FROM notes")
    world.asked("t_beta", "INSERT INTO notes (words) VALUES ('written since')")
    done = restore(world.place, "prod", Wanted(id=manifest.id, tenant="acme"), SAY)
    assert world.asked("t_acme", NOTES) == before
    assert world.asked("t_beta", "SELECT count(*) FROM notes") == [(501,)]
    (old,) = done.names
    limit = "SELECT datname, datconnlimit, datallowconn FROM pg_database WHERE datname IN ('t_acme', '{}') ORDER BY 1"
    assert world.asked("postgres", limit.format(old)) == [("t_acme", 17, True), (old, 17, False)]
    assert world.asked("postgres", "SELECT has_database_privilege('public', 't_acme', 'CONNECT')") == [(False,)]
    assert remove_old(world.place, "prod", SAY) == [old]
    assert world.databases() == {"postgres", "chatwoot", "t_acme", "t_beta"}


def test_show_me_tuesday(world: World) -> None:
    """Under another slug it stands beside the living one, which nobody touches."""
    manifest = back_up(world.place, "prod", "acme", SAY)
    world.asked("t_acme", "UPDATE notes SET words = 'today'")
    done = restore(world.place, "prod", Wanted(id=manifest.id, tenant="acme", to="acme-tuesday"), SAY)
    assert done.names == ("t_acme_tuesday",)
    assert world.asked("t_acme_tuesday", "SELECT count(*) FROM notes WHERE words <> 'today'") == [(500,)]
    assert world.asked("t_acme", "SELECT count(*) FROM notes WHERE words = 'today'") == [(500,)]


def test_a_database_that_was_dropped_comes_back(world: World) -> None:
    """Nothing of it is there to be asked: owner, limit and rights are the backup's."""
    manifest = back_up(world.place, "prod", "all", SAY)
    world.asked("postgres", "DROP DATABASE t_acme")
    restore(world.place, "prod", Wanted(id=manifest.id, tenant="acme"), SAY)
    assert world.asked("t_acme", "SELECT count(*) FROM notes") == [(500,)]
    assert world.asked("postgres", "SELECT datconnlimit FROM pg_database WHERE datname = 't_acme'") == [(17,)]


def test_chatwoot_has_the_sequences_and_triggers_of_every_account(world: World) -> None:
    """chatwoot#8619: messages load, and a conversation that is created afterwards has the account's next number."""
    before = world.asked("chatwoot", EVERYTHING)
    manifest = back_up(world.place, "prod", "chatwoot", SAY)
    world.asked("chatwoot", "DROP SEQUENCE conv_dpid_seq_1; DELETE FROM messages")
    restore(world.place, "prod", Wanted(id=manifest.id, service="chatwoot"), SAY)
    assert world.asked("chatwoot", EVERYTHING) == before
    new = "INSERT INTO conversations (account_id) VALUES ({}) RETURNING display_id"
    assert world.asked("chatwoot", new.format(1)) == [(8,)]
    assert world.asked("chatwoot", new.format(2)) == [(4,)]
    world.asked("chatwoot", "INSERT INTO accounts (name) VALUES ('third')")
    assert world.asked("chatwoot", new.format(3)) == [(1,)]
    assert world.asked("chatwoot", "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'") == [
        ("chatwoot",)
    ]


def test_it_is_compared_with_the_manifest_not_with_the_damaged_original(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came back otherwise never takes the place of what lives, and it is told what differs."""
    manifest = back_up(world.place, "prod", "all", SAY)
    (part,) = manifest.of(tenant="acme")
    rows = {**part.digests.rows, "public.notes": 499}
    other = part.model_copy(update={"digests": part.digests.model_copy(update={"rows": rows})})
    monkeypatch.setattr("recovery.restore._parts", lambda *_: [other])
    with pytest.raises(NotRestorable, match=r"public\.notes: rows 499 in the backup, 500 found"):
        restore(world.place, "prod", Wanted(id=manifest.id, tenant="acme"), SAY)
    assert world.asked("t_acme", "SELECT count(*) FROM notes") == [(500,)]


def test_what_is_not_empty_is_not_written_into(world: World) -> None:
    """A database of that name that no restore made is refused, and stays."""
    manifest = back_up(world.place, "prod", "all", SAY)
    world.asked("postgres", "CREATE DATABASE t_other")
    with pytest.raises(NotRestorable, match="t_other is there already"):
        restore(world.place, "prod", Wanted(id=manifest.id, tenant="acme", to="other"), SAY)
    assert "t_other" in world.databases()
    with pytest.raises(NotRestorable, match="no restore made it"):
        remove(world.server, "t_beta")


def test_a_tenant_that_is_newer_is_told_by_name(world: World) -> None:
    """With where it can be had, and nothing is touched."""
    first = back_up(world.place, "prod", "acme", SAY)
    with pytest.raises(NotInBackup, match=f"tenant beta is not in the backup {first.id}.*It is in no backup"):
        restore(world.place, "prod", Wanted(id=first.id, tenant="beta"), SAY)
    with pytest.raises(NothingToBackUp, match="gamma"):
        back_up(world.place, "prod", "gamma", SAY)


def test_a_source_that_can_not_be_read_is_missed_by_name(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are backed up; nothing half of it counts."""

    def fails(*_: object) -> None:
        raise SourceFailed("pg_dump ended in the middle")

    monkeypatch.setattr("recovery.sources.databases.digests_of", fails)
    manifest = back_up(world.place, "prod", "acme", SAY)
    assert [(one.name, one.tenant) for one in manifest.missed] == [("database:vps/t_acme", "acme")]
    assert not manifest.parts


@pytest.mark.parametrize("text", ["2026-11-30T01:15:00", "2026-04-05 00:30", "yesterday", ""])
def test_a_time_without_its_offset_is_refused(text: str) -> None:
    """Chile's clock changes twice a year: an hour of April exists twice, one of September never."""
    with pytest.raises(BadMarker, match="Fix: "):
        moment_of(text)
    assert moment_of("2026-11-30T01:15:00-03:00").hour == 4
