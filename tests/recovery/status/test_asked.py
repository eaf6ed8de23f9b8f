"""Probes are asked side by side, each within its time: one that hangs or breaks holds up no other."""

from __future__ import annotations

import base64
import datetime
import json
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest

from kept.operator_error import OperatorError
from recovery.status.asked import asked, probes
from recovery.status.credentials import end_of
from recovery.status.probe import Finding, Look, Probe

LOOK = cast("Look", object())


def good(name: str) -> Finding:
    """One answer."""
    return Finding(probe=name, subject=name, level="good", says="well")


def probe(name: str, does: Any, limit_s: float = 5.0) -> Probe:
    """One that does that."""

    def ask(_look: Look) -> Iterator[Finding]:
        does()
        yield good(name)

    return Probe(name=name, title=name, ask=ask, limit_s=limit_s)


def fails(error: BaseException) -> Any:
    """What raises it."""

    def does() -> None:
        raise error

    return does


def test_one_that_hangs_is_told_and_holds_up_no_other() -> None:
    """In the order of the list, within the longest limit."""
    begun = time.monotonic()
    found = asked(LOOK, [probe("hangs", lambda: time.sleep(30), 0.3), probe("quick", lambda: None, 0.3)])
    assert time.monotonic() - begun < 5
    assert [(one.probe, one.level) for one in found] == [("hangs", "unknown"), ("quick", "good")]
    assert "0.3 s" in found[0].says


def test_they_are_asked_at_the_same_time() -> None:
    """Ten that take a while take that while."""
    begun = time.monotonic()
    found = asked(LOOK, [probe(str(number), lambda: time.sleep(0.3)) for number in range(10)])
    assert time.monotonic() - begun < 2
    assert [one.level for one in found] == ["good"] * 10


@pytest.mark.parametrize(
    "error", [OperatorError("sealed"), OSError("gone"), KeyError("a fault of ours"), SystemExit(3)]
)
def test_one_that_breaks_says_so(error: BaseException) -> None:
    """It is neither good nor bad: nobody knows."""
    found = asked(LOOK, [probe("breaks", fails(error)), probe("other", lambda: None)])
    assert [one.level for one in found] == ["unknown", "good"]


def test_each_has_a_name_of_its_own_and_a_limit() -> None:
    """And is there at all."""
    known = probes()
    assert len({one.name for one in known}) == len(known) >= 9
    assert all(0 < one.limit_s <= 60 for one in known)


def jwt(claims: dict[str, Any]) -> str:
    """As anybody makes one."""
    parts = [json.dumps(one).encode() for one in ({"alg": "HS256"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in parts), "signature"])


@pytest.mark.parametrize(
    ("value", "ends"),
    [
        (jwt({"exp": 1_800_000_000}), "2027-01-15"),
        (jwt({}), None),
        ("?sv=2024-11-04&se=2026-12-05T00%3A00%3A00Z&sig=abc%3D", "2026-12-05"),
        ("sp=r&se=2026-12-05&sig=x", "2026-12-05"),
        ("se=yesterday&sig=x", None),
        ("correct horse battery staple", None),
        ("ey.ey.ey", None),
        ("", None),
    ],
)
def test_a_credential_that_says_its_end_is_read(value: str, ends: str | None) -> None:
    """And one that doesn't is not guessed."""
    found = end_of(value)
    assert (found.date().isoformat() if found else None) == ends
    assert found is None or found.tzinfo == datetime.UTC or found.utcoffset() == datetime.timedelta()
