"""A tenant that was deleted after a backup does not come back from it; and the list of them can't be changed unseen."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from age_keyring.signing import private_of
from recovery.manifest import Part
from recovery.tombstones import Erased, Tombstones, TombstonesBroken

DELETED = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)


def part(tenant: str, taken_at: datetime.datetime) -> Part:
    """Of one backup."""
    about = {"domain": "host:vps", "store": "r2", "snapshot": "s", "bytes": 1, "seconds": 1.0}
    name = f"database:vps/t_{tenant or 'platform'}-{taken_at:%H}"
    return Part.model_validate({"name": name, "kind": "database", "tenant": tenant, "taken_at": taken_at, **about})


@pytest.fixture
def stones(tmp_path: Path) -> Tombstones:
    """One tenant was deleted at noon."""
    found = Tombstones(file=tmp_path / "t" / "prod.tombstones", stack="prod", key=private_of("11" * 32))
    found.lay("acme", DELETED)
    return found


def test_what_was_backed_up_before_stays_away(stones: Tombstones) -> None:
    """And is named; the other tenants' and the platform's parts come back."""
    before, others = part("acme", DELETED - HOUR), [part("beta", DELETED - HOUR), part("", DELETED - HOUR)]
    with pytest.raises(Erased, match=r"stays erased.*Fix:"):
        stones.refuse([*others, before])
    assert stones.without_erased([before, *others]) == tuple(others)


def test_whoever_came_anew_under_that_slug_has_backups_of_his_own(stones: Tombstones) -> None:
    """What was taken after the deletion, and nothing from before: it may be another company's."""
    after = part("acme", DELETED + HOUR)
    stones.refuse([after])
    assert stones.without_erased([part("acme", DELETED), after]) == (after,)


def test_a_second_deletion_counts_from_its_own_time(stones: Tombstones) -> None:
    """The last one; laying it again changes nothing else."""
    stones.lay("beta", DELETED)
    stones.lay("acme", DELETED + 2 * HOUR)
    assert stones.laid() == {"acme": DELETED + 2 * HOUR, "beta": DELETED}


def test_a_delete_that_was_given_up_is_lifted(stones: Tombstones) -> None:
    """And no other: not one that has ended, before or since."""
    stones.lay("beta", DELETED, ended=False)
    stones.lay("acme", DELETED + HOUR, ended=False)
    assert stones.laid() == {"acme": DELETED + HOUR, "beta": DELETED}
    for slug in ("beta", "acme", "nobody"):
        stones.lift(slug)
    assert stones.laid() == {"acme": DELETED}
    stones.lay("acme", DELETED + HOUR, ended=False)
    stones.lay("acme", DELETED + 2 * HOUR)
    stones.lift("acme")
    assert stones.laid() == {"acme": DELETED + 2 * HOUR}


def test_a_changed_list_is_not_believed(stones: Tombstones) -> None:
    """Any byte of it, another key, another environment: then nothing of a tenant is restored."""
    content = stones.file.read_bytes()
    for at in range(0, len(content), 11):
        stones.file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(TombstonesBroken, match="Fix:"):
            stones.refuse([part("beta", DELETED)])
    stones.file.write_bytes(content)
    for other in (
        Tombstones(file=stones.file, stack="prod", key=private_of("22" * 32)),
        Tombstones(file=stones.file, stack="backup", key=stones.key),
    ):
        with pytest.raises(TombstonesBroken):
            other.laid()


def test_without_a_list_nothing_was_erased(tmp_path: Path) -> None:
    """A new environment."""
    none = Tombstones(file=tmp_path / "none", stack="prod", key=private_of("11" * 32))
    none.refuse([part("acme", DELETED)])
    assert none.laid() == {}
