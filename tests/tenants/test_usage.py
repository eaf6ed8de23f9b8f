"""What a tenant uses of its quotas is asked of its server, in a bounded time; absent when it can't be asked."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.bounded import within
from deploy.guards import NotReady
from tenants import usage
from tenants.model import Tenant
from tenants.usage import Used
from tests.isolation.neighbours import Neighbours, neighbours
from tests.isolation.test_end_of_life import server_of, word

ACME = Tenant.model_validate({"rut": "12345678-5", "name": "Acme", "domain": "acme.example.com"})


@pytest.fixture(scope="module", params=["container", "managed"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    with neighbours(tmp_path_factory.mktemp("pg") / "server", managed=request.param == "managed") as found:
        yield found


def test_the_server_tells_disk_and_connections_to_the_provisioner(server: Neighbours) -> None:
    """Another's sessions do not count; a database that is not there is left out."""
    platform: Any = type("Platform", (), {"server": server_of(server)})()
    with server.tenant("acme"), server.tenant("acme"), server.tenant("acme-2"):
        ((name, mb, connections),) = usage._rows(platform, word(server), ["t_acme", "n8n_acme"])
    assert (name, connections) == ("t_acme", 2)
    assert 5 < mb < 100


def test_what_is_told_is_beside_the_quota() -> None:
    """As the tier basic has them; for people and for machines."""
    assert usage._granted(ACME) == {"t_acme": (2048, 5)}
    used = Used(database="t_acme", mb=12, quota_mb=2048, connections=1, quota_connections=5)
    assert str(used) == "t_acme: 12 of 2048 MB, 1 of 5 connections"
    assert used.facts == {"databaseMb": 12, "databaseMbQuota": 2048, "connections": 1, "connectionsQuota": 5}


@pytest.mark.parametrize("fault", ["hangs", "refuses"])
def test_nothing_is_told_where_the_server_cannot_be_asked_in_time(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """However long it would take."""

    def asked(*_: Any) -> list[Used]:
        if fault == "refuses":
            raise NotReady("the host does not answer")
        time.sleep(5)
        return []

    monkeypatch.setattr(usage, "_asked", asked)
    begun = time.monotonic()
    place: Any = None
    assert usage.usage_of(place, "prod", ACME, lambda _: None, seconds=0.3) == []
    assert time.monotonic() - begun < 3


def test_a_question_is_answered_or_raises_as_it_would_by_itself() -> None:
    """And is given up after its time."""
    assert within(5, lambda: 7) == 7
    assert within(0.1, lambda: time.sleep(3)) is None
    with contextlib.ExitStack() as stack:
        stack.enter_context(pytest.raises(NotReady, match="away"))
        within(5, _away)


def _away() -> None:
    raise NotReady("it is away")
