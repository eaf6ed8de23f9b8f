"""`./smos doctor` tells whether the platform's Redis is held by a script, and how to end it, in a bounded time."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import redis

from deploy.guards import NotReady
from deploy.redis_rescue import Login
from deploy.target import ROOT, RunTarget
from tenants import redis_held
from tenants.redis_held import redis_finding
from tests.components import redis_real


class Place:
    """As far as the question needs one."""

    project = ROOT


PLACE = cast(RunTarget, Place())


def asked(monkeypatch: pytest.MonkeyPatch, login: Any) -> None:
    """With that way in."""

    @contextlib.contextmanager
    def opened(*_: Any) -> Iterator[Any]:
        yield login()

    monkeypatch.setattr(redis_held, "login_of", opened)


def test_a_redis_that_a_script_holds_is_told_with_its_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the operators' user: before, held, and after the script was ended."""
    server = redis_real.start(tmp_path / "redis")
    try:
        operator = Login(port=server.port, user="operator", password=redis_real.PASSWORDS["operator"])
        asked(monkeypatch, lambda: operator)
        found = redis_finding(PLACE, "prod")
        assert found is not None
        assert (found.ok, found.detail) == (True, "answers")
        held = threading.Thread(target=_hold, args=(server,), daemon=True)
        held.start()
        time.sleep(7)  # Redis says so of a script after 5 s (busy-reply-threshold)
        found = redis_finding(PLACE, "prod")
        assert found is not None
        assert (found.ok, found.mend) == (False, "./smos redis --stack prod --end")
        assert "it answers nobody" in found.detail
    finally:
        server.close()


def _hold(server: Any) -> None:
    with contextlib.suppress(redis.RedisError):
        client: Any = redis_real.client(server, "chatwoot", redis_real.PASSWORDS["chatwoot"])
        client.eval("while true do end", 0)


def test_one_that_cannot_be_asked_in_time_lacks_nothing_that_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its host is away, or nobody says anything."""

    def away() -> Any:
        raise NotReady("the host vps does not answer. Fix: try again")

    asked(monkeypatch, away)
    found = redis_finding(PLACE, "prod")
    assert found is not None
    assert (found.ok, found.detail) == (True, "can't be asked now: the host vps does not answer.")
    asked(monkeypatch, lambda: time.sleep(5))
    begun = time.monotonic()
    found = redis_finding(PLACE, "prod", seconds=0.3)
    assert found is not None
    assert found.detail == "can't be asked now: no answer within 0.3 s"
    assert time.monotonic() - begun < 3
