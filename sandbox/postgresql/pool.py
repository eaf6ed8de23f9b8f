"""How many connections the simulated PostgreSQL provider may have, and what becomes of it when they are too few.

Each instance of the real provider has a pool for each database, of `max_connections`; whoever finds it full waits,
without end. While it makes, gives away or drops a database it holds one connection, with a lock of the acting role, and
needs a second one from the same pool: when those that wait for that lock have filled it, all of them wait for ever
(postgresql/resource_postgresql_database.go, createDatabase; postgresql/config.go, Connect). Here that is found, and
refused.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["Exhausted", "blocked", "place_in"]

STUCK_S = 5.0
"""For how long all who hold a connection have waited, when it is told that nobody will ever go on."""
LOOK_S = 0.25

_changed = threading.Condition()
_pools: dict[tuple[str, ...], _Pool] = {}
_waiting: dict[int, float] = {}
"""Thread → since when it waits: for a lock in the server, or for a place in a pool."""


class Exhausted(Exception):
    """The pool is full of those who wait for one another."""


@dataclass
class _Pool:
    held: Counter[int] = field(default_factory=Counter)
    """Thread → how many connections it has."""


@contextmanager
def place_in(pool: tuple[str, ...], size: int) -> Iterator[None]:
    """A place in the pool for one connection; `size` 0 or less: as many as are wanted."""
    me = threading.get_ident()
    _enter(pool, size, me)
    try:
        yield
    finally:
        with _changed:
            found = _pools[pool]
            found.held[me] -= 1
            found.held += Counter()  # without those at nought
            if not found.held:
                del _pools[pool]
            _changed.notify_all()


@contextmanager
def blocked() -> Iterator[None]:
    """The server lets this thread wait meanwhile."""
    me = threading.get_ident()
    with _changed:
        _waiting[me] = time.monotonic()
    try:
        yield
    finally:
        with _changed:
            _waiting.pop(me, None)


def _enter(pool: tuple[str, ...], size: int, me: int) -> None:
    with _changed:
        _waiting[me] = time.monotonic()
        try:
            while 0 < size <= _pools.setdefault(pool, _Pool()).held.total():
                if _is_stuck(_pools[pool], me):
                    raise Exhausted(
                        f"all {size} connections of the provider wait for one another: one holds the lock that the "
                        "others want, and needs a second connection. The real provider waits without end. Fix: "
                        "maxConnections above how many databases and roles change at once"
                    )
                _changed.wait(LOOK_S)
        finally:
            del _waiting[me]
        _pools.setdefault(pool, _Pool()).held[me] += 1


def _is_stuck(pool: _Pool, me: int) -> bool:
    now = time.monotonic()
    return me in pool.held and all(now - _waiting.get(thread, now) >= STUCK_S for thread in pool.held)
