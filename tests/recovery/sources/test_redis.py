"""All keys of a real Redis, of one moment, beside what is there and in its place; its user has what it needs alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.services.redis_users import users_file
from recovery.manifest import Part
from recovery.sources.redis import FILE, MATTERS, RedisSource
from recovery.sources.source import Context, NotRestorable, SourceFailed
from tests.provider.servers import ACCESS, PASSWORD, Server, redis_server
from tests.recovery.sources.contexts import context, part_of

NAME = "restored_20261130-120000"
ONBOARDING = "alfred:CHATWOOT_INSTALLATION_ONBOARDING"


@dataclass
class There:
    """A Redis as the platform leaves it."""

    server: Server
    ctx: Context
    source: RedisSource
    folder: Path

    @property
    def admin(self) -> Any:
        """Who sees all."""
        return self.server.client()

    def captured(self) -> Part:
        """A backup, in `folder`."""
        (self.folder / FILE).unlink(missing_ok=True)
        with self.source.capture(self.ctx, self.folder) as captured:
            return part_of(captured, "redis")

    def restored(self, part: Part) -> str:
        """Through all steps: what was there lies under the answer."""
        self.source.restore_beside(self.ctx, self.folder, part, NAME)
        assert self.source.check(self.ctx, part, NAME) == []
        return self.source.put_in_place(self.ctx, part, NAME)


@pytest.fixture
def there(tmp_path: Path) -> Iterator[There]:
    """With jobs of Sidekiq and Bull, of every kind of value."""
    with redis_server(tmp_path / "redis") as server:
        (line,) = (one for one in users_file({"keeper": PASSWORD}, ACCESS).splitlines() if "user keeper " in one)
        server.client().execute_command("ACL", "SETUSER", "keeper", "reset", *line.split()[2:])
        admin = server.client()
        admin.rpush("queue:mailers", *[f'{{"jid": "{number}"}}' for number in range(300)])
        admin.sadd("queues", "mailers", "default", *range(600))
        admin.zadd("retry", {"job": 1.5, "other": 2})
        admin.hset("bull:jobs:1", mapping={"data": "x" * 5000, "opts": "{}"})
        admin.xadd("bull:jobs:events", {"event": "added"})
        admin.set("alfred:a", b"\x00\xff" * 10)
        admin.set("alfred:short", "lives", px=600)
        admin.set("alfred:long", "lives", ex=1000)
        settings = SimpleNamespace(
            stack="prod",
            forward=lambda _name: SimpleNamespace(local_port=server.port),
            services=SimpleNamespace(redis_access=lambda: ACCESS),
        )
        folder = tmp_path / "backup"
        folder.mkdir()
        ctx = context(settings, keys={"prod/redisPasswords/keeper": PASSWORD})
        yield There(server, ctx, RedisSource("vps"), folder)


def test_an_empty_redis_is_filled_again(there: There) -> None:
    """Every key, by whose it is; what ended meanwhile stays away, and the rest has what is left of its time."""
    admin = in_bytes(there.server)
    part = there.captured()
    assert part.digests.rows == {"chatwoot": 4, "n8n": 2}
    before = {key: admin.type(key) for key in admin.scan_iter() if admin.ttl(key) == -1}
    admin.flushall()
    time.sleep(0.7)
    there.restored(part)
    assert {
        key: admin.type(key) for key in admin.scan_iter() if admin.ttl(key) == -1 and not key.startswith(b"smos:")
    } == before
    assert admin.lrange("queue:mailers", 0, 0) == [b'{"jid": "0"}']
    assert admin.get("alfred:a") == b"\x00\xff" * 10
    assert not admin.exists("alfred:short")
    assert 900 < admin.ttl("alfred:long") < 1000
    assert part.digests.differences(there.captured().digests) == []


def test_the_flag_of_an_application_that_was_made_anew_is_as_it_was(there: There) -> None:
    """Chatwoot's preparation sets it in an empty database, and the next visitor would become super administrator over
    the old data (chatwoot/chatwoot#3231).
    """
    part = there.captured()
    there.admin.flushall()
    there.admin.set(ONBOARDING, "true")
    old = there.restored(part)
    assert not there.admin.exists(ONBOARDING)
    assert there.admin.get(f"smos:{old}:{ONBOARDING}") == "true"
    there.source.remove_old(there.ctx, old)
    assert not [key for key in in_bytes(there.server).scan_iter() if key.startswith(b"smos:")]


def test_nothing_of_a_restore_is_in_a_backup_and_nothing_lives_before_its_place(there: There) -> None:
    """What lies beside is reached by no service's user, and by no backup."""
    part = there.captured()
    there.admin.rpush("queue:mailers", "came since")
    there.source.restore_beside(there.ctx, there.folder, part, NAME)
    assert there.admin.llen("queue:mailers") == 301
    assert there.captured().digests.rows == part.digests.rows
    assert there.source.check(there.ctx, part, NAME) == []
    there.admin.rpush(f"smos:{NAME}:queue:mailers", "otherwise")
    (line,) = there.source.check(there.ctx, part, NAME)
    assert line.startswith("chatwoot: content")


def test_put_in_place_twice_is_once_and_never_without_what_lies_beside(there: There) -> None:
    """Who was killed after the exchange runs it again; who never put anything beside is refused."""
    part = there.captured()
    with pytest.raises(NotRestorable, match="Nothing was replaced"):
        there.source.put_in_place(there.ctx, part, NAME)
    old = there.restored(part)
    assert there.source.put_in_place(there.ctx, part, NAME) == old
    assert there.admin.llen("queue:mailers") == 300


def test_a_restore_for_which_there_is_no_room_changes_nothing(there: There) -> None:
    """Both lie in the memory at once."""
    part = there.captured()
    there.admin.config_set("maxmemory", there.admin.info("memory")["used_memory"] + 1000)
    with pytest.raises(NotRestorable, match="Nothing was changed"):
        there.source.restore_beside(there.ctx, there.folder, part, NAME)


def test_a_backup_that_is_cut_off_is_refused(there: There) -> None:
    """In the middle of a line, or of a value."""
    part = there.captured()
    whole = (there.folder / FILE).read_bytes()
    (there.folder / FILE).write_bytes(whole[:-20])
    with pytest.raises(SourceFailed):
        there.source.restore_beside(there.ctx, there.folder, part, NAME)
    with pytest.raises(NotRestorable):
        there.source.check(there.ctx, part, NAME)


def test_the_keeper_may_do_nothing_else(there: There) -> None:
    """Neither change the server nor make users, and no key is written but by what a restore needs."""
    keeper = there.server.client("keeper")
    for words in (
        ("CONFIG", "GET", "*"),
        ("FLUSHALL",),
        ("ACL", "LIST"),
        ("EVAL", "return 1", "0"),
        ("RPUSH", "a", "b"),
    ):
        with pytest.raises(Exception, match=r"(?i)no permissions|NOPERM"):
            keeper.execute_command(*words)


def test_every_service_with_keys_says_what_is_lost_with_them() -> None:
    """And its source."""
    assert set(MATTERS) == set(ACCESS)
    assert all("(" in said for said in MATTERS.values())


def in_bytes(server: Server) -> Any:
    """A client that gives bytes."""
    import redis

    return redis.Redis(port=server.port, username="provisioner", password=PASSWORD)
