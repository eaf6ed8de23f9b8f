"""The tenant's keys in Redis, as Redis itself writes them, and back: also below another prefix."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import redis

from provider.time_limits import redis_limits
from tenants.archive.manifest import ArchiveBroken
from tenants.names import TenantNames

__all__ = ["Keys", "KeysLogin", "TenantKeys"]

BATCH = 500
FOR_EVER = -1
# How Redis packs a value depends on its history; what it answers, once sorted, does not.
_VALUES: Mapping[bytes, Callable[[Any, bytes], Any]] = {
    b"string": lambda client, key: client.get(key),
    b"hash": lambda client, key: sorted(client.hgetall(key).items()),
    b"list": lambda client, key: client.lrange(key, 0, -1),
    b"set": lambda client, key: sorted(client.smembers(key)),
    b"zset": lambda client, key: sorted(client.zrange(key, 0, -1, withscores=True)),
    b"stream": lambda client, key: [(name, sorted(fields.items())) for name, fields in client.xrange(key)],
}


@dataclass(frozen=True)
class Keys:
    """What is below the prefix."""

    count: int
    digest: str
    """Over names and values of the keys that live for ever: those that end meanwhile are missed by nobody."""


@dataclass(frozen=True, kw_only=True)
class KeysLogin:
    """A Redis by its forward on this machine, and who logs in."""

    port: int
    user: str
    password: str = field(repr=False)


class TenantKeys:
    """What stands below one prefix."""

    def __init__(self, login: KeysLogin, names: TenantNames) -> None:
        self._client: Any = redis.Redis(
            host="127.0.0.1", port=login.port, username=login.user, password=login.password, **redis_limits()
        )
        self._prefix = names.redis_prefix.encode()

    def dump(self) -> bytes:
        """Every key with its value and the milliseconds that it still lives (0: for ever), one a line."""
        return "".join(self._lines()).encode()

    def restore(self, kept: Sequence[tuple[bytes, bytes, int]]) -> None:
        """Puts them back; what was there before goes."""
        for key in self._keys():
            self._client.unlink(key)
        for number, (name, value, lives_ms) in enumerate(kept, 1):
            try:
                self._client.restore(self._prefix + name, lives_ms, value, replace=True)
            except redis.RedisError as error:
                raise ArchiveBroken(
                    f"redis.jsonl, line {number}: a key could not be put back: {str(error)[:200]}. Fix: another copy "
                    "of the archive, or a Redis that is as new as the one that wrote it"
                ) from None

    def content(self) -> Keys:
        """How many, and a checksum."""
        found, count = hashlib.sha256(), 0
        for key in sorted(self._keys()):
            kind, lives_ms = self._client.type(key), self._client.pttl(key)
            count += kind != b"none"
            if lives_ms == FOR_EVER:
                value = _VALUES.get(kind, _packed)(self._client, key)
                found.update(repr((key.removeprefix(self._prefix), kind, value)).encode() + b"\n")
        return Keys(count, found.hexdigest())

    def _lines(self) -> Iterator[str]:
        for key in sorted(self._keys()):
            value, lives_ms = self._client.dump(key), self._client.pttl(key)
            if value is None:  # it has just ended
                continue
            yield json.dumps([_text(key.removeprefix(self._prefix)), _text(value), max(0, int(lives_ms))]) + "\n"

    def _keys(self) -> set[bytes]:
        """A scan may name a key twice."""
        return set(self._client.scan_iter(match=self._prefix + b"*", count=BATCH))


def _packed(client: Any, key: bytes) -> Any:
    return client.dump(key)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
