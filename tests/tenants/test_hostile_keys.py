"""Values of Redis that somebody made by hand, put back into a real server that is configured as the platform's."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import redis

from components.services.redis import _config
from tenants.archive.keys import KeysLogin, TenantKeys
from tenants.archive.manifest import ArchiveBroken
from tenants.names import TenantNames
from tests.provider.servers import PASSWORD, redis_server

ACME = TenantNames("acme")


def crc64(content: bytes) -> int:
    """As Redis reckons it over what it dumps (src/crc64.c): without the right one a value would not be looked at."""
    found = 0
    for byte in content:
        found ^= byte
        for _ in range(8):
            found = (found >> 1) ^ 0x95AC9329AC4BC9B5 if found & 1 else found >> 1
    return found


def spoilt(dump: bytes, chance: random.Random) -> bytes:
    """With a few other bytes, and a checksum that is right again."""
    body = bytearray(dump[:-8])
    for _ in range(chance.randint(1, 3)):
        body[chance.randrange(1, len(body) - 2)] = chance.randrange(256)
    return bytes(body) + struct.pack("<Q", crc64(bytes(body)))


def test_no_value_of_an_archive_ends_the_server(tmp_path: Path) -> None:
    """By its default it takes every value as it comes, and the first of these ends it."""
    (line,) = (one for one in _config(64, "users.acl").splitlines() if one.startswith("sanitize"))
    with redis_server(tmp_path / "redis") as server:
        client: Any = redis.Redis(port=server.port, username="provisioner", password=PASSWORD)
        client.config_set(*line.split())
        client.hset("h", mapping={f"f{n}": f"value{n}" for n in range(20)})
        client.zadd("z", {f"m{n}": n for n in range(20)})
        client.rpush("l", *[f"x{n}" for n in range(20)])
        client.xadd("s", {"a": "b"})
        client.sadd("i", *range(20))
        dumps = [client.dump(key) for key in "hzlsi"]
        assert struct.unpack("<Q", dumps[0][-8:]) == (crc64(dumps[0][:-8]),)
        keys = TenantKeys(KeysLogin(port=server.port, user="provisioner", password=PASSWORD), ACME)
        chance, refused = random.Random(3), 0  # noqa: S311 - the same values at each run, no secret
        for _ in range(300):
            try:
                keys.restore([(b"k", spoilt(chance.choice(dumps), chance), 0)])
                keys.content()
            except ArchiveBroken as error:
                assert "redis.jsonl, line 1" in str(error)  # noqa: PT017 - either end is right, and only so
                refused += 1
        assert client.ping()
        assert refused > 200
