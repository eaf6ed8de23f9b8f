"""Keeps the vendors' limits of requests: a tenant begins only when there is room for what its run will ask of each.

The providers are the vendors' and make their requests themselves, so what can be held back is the beginning of a
tenant. What a run asks for is reckoned from what it will write: many reads cost nothing where writes are counted.
Where a vendor refuses all the same, everybody waits as long as it says, and half as many begin from then on.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

__all__ = ["REAL", "Bucket", "Limit", "Limiter", "refused_for"]


@dataclass(frozen=True)
class Limit:
    """A bucket of tokens: how many it holds, and how many come back in a second."""

    holds: float
    per_second: float
    source: str = ""


REAL: Mapping[str, Limit] = {
    "azure-native": Limit(
        200,
        10,
        "https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling",
    ),
    # 1,200 requests in five minutes, then five minutes of nothing at all: never more than nine tenths of it.
    "cloudflare": Limit(120, 3.6, "https://developers.cloudflare.com/fundamentals/api/reference/limits/"),
}
"""By provider. What is not here is our own: PostgreSQL, Redis and Vault on the host."""
_REFUSED = re.compile(r"\b429\b|TooManyRequests|rate.?limit|throttl", re.I)
_AFTER = re.compile(r"retry.?after\W{1,3}(\d+(?:\.\d+)?)", re.I)
UNTOLD_S = 10.0


def refused_for(said: str) -> float | None:
    """For how many seconds a vendor refuses, by what the engine said; None when that is not what went wrong."""
    if not _REFUSED.search(said):
        return None
    wait = _AFTER.search(said)
    return float(wait[1]) if wait else UNTOLD_S


@dataclass
class Bucket:
    """The token bucket of one vendor: how many requests it lets through, and when the next."""

    limit: Limit
    now: Callable[[], float] = time.monotonic
    tokens: float = field(init=False)
    pace: float = 1.0
    """What part of the vendor's rate is used: halved by each refusal, and slowly whole again."""

    def __post_init__(self) -> None:
        self.tokens = self.limit.holds
        self._at = self.now()

    def wait_s(self, cost: float) -> float:
        """How long until there is room for that. A cost above what the bucket holds waits for all of it."""
        self._refill()
        missing = min(cost, self.limit.holds) - self.tokens
        return max(0.0, missing / (self.limit.per_second * self.pace))

    def take(self, cost: float) -> None:
        """Uses it up, even below nothing: what was begun asks for what it asks."""
        self._refill()
        self.tokens -= cost

    def refused(self, for_s: float) -> None:
        """The vendor has refused: nothing for that long, and half as fast from then on."""
        self._refill()
        self.pace = max(0.1, self.pace / 2)
        self.tokens = min(self.tokens, -for_s * self.limit.per_second * self.pace)

    def _refill(self) -> None:
        now = self.now()
        passed, self._at = now - self._at, now
        self.tokens = min(self.limit.holds, self.tokens + passed * self.limit.per_second * self.pace)
        self.pace = min(1.0, self.pace + passed / 600)


class Limiter:
    """The buckets of all vendors together: a run waits until each lets it through."""

    def __init__(
        self,
        limits: Mapping[str, Limit],
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._buckets = {name: Bucket(limit, now) for name, limit in limits.items()}
        self._pause = Bucket(Limit(1, 1), now)
        self._lock = threading.Lock()
        self._sleep = sleep

    def begin(self, costs: Mapping[str, float], stopped: Callable[[], bool] = lambda: False) -> bool:
        """Waits until a run that costs that may begin; False when `stopped` in between."""
        while not stopped():
            with self._lock:
                known = {name: cost for name, cost in costs.items() if name in self._buckets and cost}
                wait = max([self._pause.wait_s(0), *(self._buckets[name].wait_s(cost) for name, cost in known.items())])
                if wait <= 0:
                    for name, cost in known.items():
                        self._buckets[name].take(cost)
                    return True
            self._sleep(min(max(wait, 0.01), 1.0))
        return False

    def refused(self, for_s: float) -> None:
        """Some vendor has refused a request: nobody begins for that long. Which one it was is not always said."""
        with self._lock:
            self._pause.tokens = -for_s
            for bucket in self._buckets.values():
                bucket.refused(for_s)
