"""What goes wrong with backups, on real parts: it is told, and what lives is as it was."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from recovery import backup as making
from recovery.backup import back_up
from recovery.journal import Journal
from recovery.restic_problems import RepositoryDamaged, StoreUnreachable, WrongPassword
from recovery.restore import Wanted, restore
from sandbox.object_store.server import FAULT_FILE
from tests.recovery.restored.worlds import SAY, World, killed, needs_restic

pytestmark = needs_restic
COUNT = "SELECT count(*) FROM notes"


def dies(*_: object, **__: object) -> Any:
    """kill -9, from inside."""
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("where", ["_captured", "_taken", "_staged", "write_manifest"])
def test_a_backup_that_was_cut_off_is_no_backup(world: World, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Wherever it was killed. The next one is whole, and no lock of the dead one is in its way."""
    first = back_up(world.place, "prod", "all", SAY)
    with monkeypatch.context() as patch:
        patch.setattr(making, where, dies)
        assert killed(lambda: back_up(world.place, "prod", "all", SAY))
    assert [one.manifest.id for one in world.catalogue().backups] == [first.id]
    second = back_up(world.place, "prod", "acme", SAY)
    assert [one.manifest.id for one in world.catalogue().backups] == [first.id, second.id]
    world.restic.check(100)


def damage(world: World, change: Callable[[bytes], bytes | None]) -> None:
    """Changes the largest pack of the repository, or removes it."""
    key, _ = world.objects("data/")[0]
    content = change(world.s3.get_object(Bucket=world.bucket, Key=key)["Body"].read())
    if content is None:
        world.s3.delete_object(Bucket=world.bucket, Key=key)
    else:
        world.s3.put_object(Bucket=world.bucket, Key=key, Body=content)


def flipped(content: bytes) -> bytes:
    """One bit of it, in the middle of the first file's content."""
    return content[:200] + bytes([content[200] ^ 1]) + content[201:]


@pytest.mark.parametrize("change", [flipped, lambda _: None, lambda content: content[:100]])
def test_a_damaged_repository_is_found_and_never_restored(
    world: World, change: Callable[[bytes], bytes | None]
) -> None:
    """A flipped bit, a pack that is gone, one that was cut off: the check says so, a restore says so, and the living
    database stays as it is.
    """
    manifest = back_up(world.place, "prod", "acme", SAY)
    world.asked("t_acme", "DELETE FROM notes WHERE id > 10")
    damage(world, change)
    with pytest.raises(RepositoryDamaged):
        world.restic.check(100)
    with pytest.raises(RepositoryDamaged, match="Nothing of it was used"):
        restore(world.place, "prod", Wanted(id=manifest.id, tenant="acme"), SAY)
    assert world.asked("t_acme", COUNT) == [(10,)]


def test_a_wrong_password_is_told_before_anything_is_touched(world: World) -> None:
    """With the way back to the right one; nothing was begun."""
    manifest = back_up(world.place, "prod", "all", SAY)
    world.password = "another-passw0rd"
    before = world.databases()
    for work in (
        lambda: back_up(world.place, "prod", "all", SAY),
        lambda: restore(world.place, "prod", Wanted(id=manifest.id, tenant="acme"), SAY),
        world.catalogue,
    ):
        with pytest.raises(WrongPassword, match=r"does not open the repository.*git log -- keyring\.age"):
            work()
    assert world.databases() == before
    assert world.asked("t_acme", "SELECT count(*) FROM smarteros_recovery.marker") == [(1,)]


@pytest.mark.parametrize("status", [503, 429, 500])
def test_a_store_that_is_busy_for_a_moment_is_asked_again(
    world: World, servers: tuple[Any, str, Any], status: int
) -> None:
    """The backup is whole."""
    world.restic.opened(create=True)
    (servers[2] / FAULT_FILE).write_text(json.dumps({"status": status, "times": 2}))
    manifest = back_up(world.place, "prod", "acme", SAY)
    assert json.loads((servers[2] / FAULT_FILE).read_text())["times"] == 0
    assert [one.manifest.id for one in world.catalogue().backups] == [manifest.id]


def test_a_store_that_is_gone_is_told_within_its_time(world: World) -> None:
    """By its name, with what to look at; another store's backups would still be told."""
    world.endpoint = "http://127.0.0.1:9"
    world.limits = type(world.limits)(question_s=3, transfer_s=3)
    with pytest.raises(StoreUnreachable, match="store r2: it does not answer"):
        back_up(world.place, "prod", "all", SAY)
    assert any("r2" in one for one in world.catalogue().problems)


STEPS = ("beside", "checked", "placed")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("noted", [False, True])
def test_a_restore_that_was_killed_goes_on_to_the_same_end(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str, noted: bool
) -> None:
    """Killed after each step, before or after it was noted: the same command ends it, and the result is the same."""
    before = world.asked("t_acme", "SELECT * FROM notes ORDER BY id")
    manifest = back_up(world.place, "prod", "all", SAY)
    world.asked("t_acme", "DELETE FROM notes")
    wanted = Wanted(id=manifest.id, tenant="acme")
    real = Journal.step

    def cut_off(self: Journal, name: str, work: Callable[[], Any], told: str = "") -> Any:
        if not name.startswith(step):
            return real(self, name, work, told)
        if noted:
            real(self, name, work, told)
        else:
            work()
        return dies()

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "step", cut_off)
        assert killed(lambda: restore(world.place, "prod", wanted, SAY))
    assert world.asked("t_acme", COUNT) == ([(500,)] if step == "placed" else [(0,)])
    done = restore(world.place, "prod", wanted, SAY)
    assert world.asked("t_acme", "SELECT * FROM notes ORDER BY id") == before
    assert world.databases() == {"postgres", "chatwoot", "t_acme", "t_beta", *done.names}
    assert world.asked("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE '%$%'") <= [(6,)]
