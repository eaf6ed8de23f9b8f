"""All keys of one Redis, of one moment: read in one transaction, put back beside what is there, given its place in one.

Keys, not the server's files: Redis starts from its log of writes where it has one (`appendonly yes`, as ours), and
leaves a dump that was put beside it unread; and no file has to be reached. What ends by itself comes back with what was
left of its time, or not at all where that is over.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recovery.manifest import Digests
from recovery.sources.source import NotRestorable, SourceFailed

if TYPE_CHECKING:
    from tenants.archive.keys import KeysLogin

__all__ = ["ASIDE", "AllKeys", "Taken"]

ASIDE = b"smos:"
"""How the names of what a restore put beside begin: no service's pattern reaches them."""
MOST_MB, MOST_KEYS = 1024, 500_000
BATCH = 1000
ANSWER_S = 120
_TRIES = 5
_FOR_EVER = -1
_READ: Mapping[bytes, Callable[[Any, bytes], Any]] = {
    b"string": lambda pipe, key: pipe.get(key),
    b"hash": lambda pipe, key: pipe.hgetall(key),
    b"list": lambda pipe, key: pipe.lrange(key, 0, -1),
    b"set": lambda pipe, key: pipe.smembers(key),
    b"zset": lambda pipe, key: pipe.zrange(key, 0, -1, withscores=True),
    b"stream": lambda pipe, key: pipe.xrange(key),
}


def _kind(pipe: Any, key: bytes) -> Any:
    return pipe.type(key)


Group = Callable[[bytes], str]
"""Whose a key is."""


@dataclass(frozen=True)
class Taken:
    """What was read."""

    moment: datetime.datetime
    digests: Digests
    version: str


class AllKeys:
    """The keys of one Redis, but those that a restore put beside."""

    def __init__(self, login: KeysLogin, what: str) -> None:
        import redis

        self._client: Any = redis.Redis(
            host="127.0.0.1",
            port=login.port,
            username=login.user,
            password=login.password,
            socket_timeout=ANSWER_S,
            socket_connect_timeout=15,
        )
        self._what = what

    def take(self, file: Path, group: Group) -> Taken:
        """Writes them into a file, a line each. Raises SourceFailed."""
        with self._told():
            about = self._client.info("memory")
            if int(about.get("used_memory_dataset", 0)) > MOST_MB << 20:
                raise SourceFailed(
                    f"{self._what}: more than {MOST_MB} MB of keys can't be read at once. Fix: less of it"
                )
            for _ in range(_TRIES):
                found = self._all()
                if found is not None:
                    break
            else:
                raise SourceFailed(
                    f"{self._what}: its keys change their kinds faster than they are read. Fix: the same command again"
                )
            moment, lines, digests = found[0], found[1], _digests(found[2], group)
            with file.open("x", encoding="ascii") as target:
                file.chmod(0o600)
                target.writelines(lines)
            version = str(self._client.info("server").get("redis_version", ""))
        return Taken(moment, digests, version)

    def put_beside(self, file: Path, taken_at: datetime.datetime, name: str) -> None:
        """Puts what a file holds beside what is there. What a killed run left of it goes first."""
        prefix = _prefix(name)
        gone_ms = max(0, int((datetime.datetime.now(datetime.UTC) - taken_at).total_seconds() * 1000))
        with self._told():
            self._drop([prefix, _whole(name)])
            self._room_for(file.stat().st_size)
            for batch in _batches(_lines(file, self._what), BATCH):
                pipe = self._client.pipeline(transaction=False)
                for key, value, lives_ms in batch:
                    if not lives_ms or lives_ms > gone_ms:
                        pipe.restore(prefix + key, max(0, lives_ms - gone_ms) if lives_ms else 0, value, replace=True)
                pipe.execute()
            self._client.set(_whole(name), b"1")

    def beside(self, name: str, group: Group) -> Digests:
        """What lies beside under a name. Raises NotRestorable where nothing was put there whole."""
        with self._told():
            if self._client.get(_whole(name)) is None:
                raise NotRestorable(f"{self._what}: nothing lies beside under {name}, or not all of it")
            prefix = _prefix(name)
            for _ in range(_TRIES):
                found = self._read(sorted(self._scanned(prefix)))
                if found is not None:
                    return _digests({key.removeprefix(prefix): value for key, value in found[2].items()}, group)
        raise SourceFailed(f"{self._what}: what lies beside under {name} changes while it is read")

    def swap(self, name: str, old: str) -> None:
        """Gives what lies beside its place, and leaves what was there under `old`: in one transaction. What the backup
        has not is gone from its place, too: a flag of an application that was made anew since, for one.
        """
        prefix, aside = _prefix(name), _prefix(old)
        with self._told():
            if self._client.get(_whole(name)) is None:
                if self._client.get(_whole(old)) is None:
                    raise NotRestorable(f"{self._what}: nothing lies beside under {name}. Nothing was replaced")
                return  # an earlier run has done it
            pipe = self._client.pipeline(transaction=True)
            for key in self._scanned(b""):
                if not key.startswith(ASIDE):
                    pipe.rename(key, aside + key)
            for key in self._scanned(prefix):
                pipe.rename(key, key.removeprefix(prefix))
            pipe.set(_whole(old), b"1")
            pipe.unlink(_whole(name))
            failed = [str(one) for one in pipe.execute(raise_on_error=False) if isinstance(one, Exception)]
            others = [one for one in failed if "no such key" not in one.lower()]  # it has ended by itself
        if others:
            raise SourceFailed(f"{self._what}: {others[0]}. Fix: the same command again")

    def drop(self, name: str) -> None:
        """Removes what lies aside under a name."""
        with self._told():
            self._drop([_prefix(name), _whole(name)])

    # -- reading -------------------------------------------------------------------------------------------------------

    def _all(self) -> tuple[datetime.datetime, list[str], dict[bytes, Any]] | None:
        return self._read(sorted(key for key in self._scanned(b"") if not key.startswith(ASIDE)))

    def _read(self, keys: list[bytes]) -> tuple[datetime.datetime, list[str], dict[bytes, Any]] | None:
        """All of them in one transaction; None when one has become something else since it was named."""
        if len(keys) > MOST_KEYS:
            raise SourceFailed(f"{self._what}: more than {MOST_KEYS} keys can't be read at once. Fix: fewer of them")
        asking = self._client.pipeline(transaction=False)
        for key in keys:
            asking.type(key)
        kinds = dict(zip(keys, asking.execute(), strict=True))
        pipe = self._client.pipeline(transaction=True)
        for key in keys:
            pipe.dump(key)
            pipe.pttl(key)
            _READ.get(kinds[key], _kind)(pipe, key)
        moment = datetime.datetime.now(datetime.UTC)
        answers = pipe.execute(raise_on_error=False)
        lines: list[str] = []
        values: dict[bytes, Any] = {}
        for number, key in enumerate(keys):
            dumped, lives_ms, value = answers[3 * number : 3 * number + 3]
            if isinstance(value, Exception):
                return None
            if dumped is None:
                continue  # it has just ended
            lines.append(json.dumps([_text(key), _text(dumped), max(0, int(lives_ms))]) + "\n")
            if lives_ms == _FOR_EVER:
                values[key] = (kinds[key], value if kinds[key] in _READ else dumped)
        return moment, lines, values

    def _scanned(self, prefix: bytes) -> set[bytes]:
        pattern = b"".join(b"\\" + bytes((one,)) if chr(one) in "*?[]\\^" else bytes((one,)) for one in prefix)
        return set(self._client.scan_iter(match=pattern + b"*", count=BATCH))

    # -- writing -------------------------------------------------------------------------------------------------------

    def _drop(self, prefixes: Iterable[bytes]) -> None:
        for prefix in prefixes:
            for batch in _batches(iter(self._scanned(prefix)), BATCH):
                self._client.unlink(*batch)

    def _room_for(self, size: int) -> None:
        about = self._client.info("memory")
        most, used = int(about.get("maxmemory", 0)), int(about.get("used_memory", 0))
        if most and used + size > most:
            raise NotRestorable(
                f"{self._what}: {used >> 20} of {most >> 20} MB are used, and the backup needs {(size >> 20) + 1} MB "
                "beside that. Nothing was changed. Fix: more memoryMb for it, then ./smos up"
            )

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        import redis

        try:
            yield
        except redis.RedisError as error:
            said = str(error)[:200]
            mend = (
                "./smos up makes its users as they should be" if "NOPERM" in said.upper() else "the same command again"
            )
            raise SourceFailed(f"{self._what}: {said}. Fix: {mend}") from None


def _digests(values: Mapping[bytes, Any], group: Group) -> Digests:
    """One checksum a group: the names of keys are nobody's business."""
    checksums: dict[str, Any] = {}
    rows: dict[str, int] = {}
    for key in sorted(values):
        whose = group(key)
        rows[whose] = rows.get(whose, 0) + 1
        kind, value = values[key]
        line = repr((key, kind, _ordered(kind, value))).encode() + b"\n"
        checksums.setdefault(whose, hashlib.sha256()).update(line)
    return Digests(rows=rows, contents={whose: found.hexdigest() for whose, found in checksums.items()})


def _ordered(kind: bytes, value: Any) -> Any:
    """What Redis answers in an order of its own, in one that is always the same."""
    if kind == b"hash":
        return sorted(value.items())
    if kind == b"set":
        return sorted(value)
    if kind == b"stream":
        return [(name, sorted(fields.items())) for name, fields in value]
    return value


def _lines(file: Path, what: str) -> Iterator[tuple[bytes, bytes, int]]:
    with file.open(encoding="ascii") as lines:
        for number, line in enumerate(lines, 1):
            try:
                key, value, lives_ms = json.loads(line)
                yield base64.b64decode(key, validate=True), base64.b64decode(value, validate=True), int(lives_ms)
            except (ValueError, TypeError) as error:
                raise SourceFailed(f"{what}: line {number} of the backup is no key ({error})") from None


def _batches(found: Iterator[Any], size: int) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for one in found:
        batch.append(one)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _prefix(name: str) -> bytes:
    return ASIDE + name.encode() + b":"


def _whole(name: str) -> bytes:
    """The key that says that all of it is there."""
    return ASIDE + name.encode() + b"|whole"


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
