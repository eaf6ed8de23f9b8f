"""The vendors' limits are kept before they are met, and a refusal slows everybody down."""

from __future__ import annotations

import pytest

from tenants.fleet.limits import REAL, UNTOLD_S, Limit, Limiter, refused_for


class Time:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def now(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now_s += seconds


def begun_within(limits: dict[str, Limit], costs: dict[str, float], count: int) -> list[float]:
    """When each of so many tenants began."""
    time = Time()
    limiter = Limiter(limits, time.now, time.sleep)
    found = []
    for _ in range(count):
        assert limiter.begin(costs)
        found.append(time.now_s)
    return found


def test_a_full_bucket_begins_many_and_then_as_many_as_come_back() -> None:
    """200 requests at once, then 10 a second."""
    found = begun_within({"azure-native": Limit(200, 10)}, {"azure-native": 8}, 100)
    assert found[24] == 0.0
    assert found[-1] == pytest.approx((100 * 8 - 200) / 10, abs=1.0)


@pytest.mark.parametrize("window_s", [60, 300])
def test_the_vendors_limits_are_never_passed(window_s: int) -> None:
    """Cloudflare blocks whoever asks 1,200 times in five minutes; Azure's bucket holds 200 and fills by 10 a second."""
    allowed = {"cloudflare": 1200 * window_s / 300 + 120, "azure-native": 200 + 10 * window_s}
    costs = {"cloudflare": 6.0, "azure-native": 8.0}
    found = begun_within(dict(REAL), costs, 600)
    for name, cost in costs.items():
        for start in found[::20]:
            asked = sum(cost for at in found if start <= at < start + window_s)
            assert asked <= allowed[name]
    within = [at for at in found if at < 300]
    assert len(within) * costs["cloudflare"] <= 1200


def test_who_asks_nothing_of_a_vendor_never_waits() -> None:
    """PostgreSQL, Redis and Vault are our own."""
    assert begun_within({"azure-native": Limit(1, 0.001)}, {"postgresql": 50}, 100)[-1] == 0.0


def test_a_refusal_is_waited_for_and_half_as_many_begin_from_then_on() -> None:
    """As long as the vendor said; the pace comes back slowly."""
    time = Time()
    limiter = Limiter({"azure-native": Limit(10, 10)}, time.now, time.sleep)
    assert limiter.begin({"azure-native": 10})
    limiter.refused(30)
    assert limiter.begin({})
    assert time.now_s >= 30
    before = time.now_s
    for _ in range(10):
        limiter.begin({"azure-native": 10})
    assert 15 < time.now_s - before < 25


def test_stopped_while_it_waits() -> None:
    """Ctrl-C is not kept waiting by a limit."""
    time = Time()
    limiter = Limiter({"azure-native": Limit(1, 0.001)}, time.now, time.sleep)
    limiter.begin({"azure-native": 1})
    assert not limiter.begin({"azure-native": 1}, stopped=lambda: time.now_s > 3)
    assert time.now_s < 6


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ('error: Code="TooManyRequests" 429, Retry-After: 17', 17.0),
        ("rpc error: 429 Too Many Requests; retry-after=2.5", 2.5),
        ("error: rate limit exceeded", UNTOLD_S),
        ("error: throttled by the server", UNTOLD_S),
        ("error: password authentication failed", None),
        ("error: port 14290 is taken", None),
    ],
)
def test_a_refusal_is_recognised_by_what_the_engine_said(said: str, seconds: float | None) -> None:
    """And for how long it is."""
    assert refused_for(said) == seconds
