"""A tenant's own Redis: a bounded container at its place, whose user is gone while the tenant is suspended."""

from __future__ import annotations

from functools import cache
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from deploy.policies import facts_of
from settings.tunnels import redis_address
from tenants.own_host import host_of
from tenants.stack import program
from tests.components.declared import Answers, Declared, Recorder, resolved
from tests.policy.judged import violations
from tests.tenants.test_silo import SECRETS, settings, tenant
from tests.tenants.test_stack import platform


@cache
def declared(state: str = "active") -> dict[str, Declared]:
    """What Docker is asked for, by name."""
    monitor = Recorder()
    mocks.set_mocks(Answers(), project="smarteros-tenants", stack="acme-2", preview=False, monitor=monitor)
    one = tenant(state=state, isolation={"n8n": "pool"}, redis={"place": 3})
    pulumi.runtime.test(program(one, platform(True), SECRETS, settings()))()  # type: ignore[no-untyped-call] # untyped SDK
    return {one.name: one for one in monitor.declared if one.token.startswith("docker:")}


def test_it_is_bounded_and_at_its_place() -> None:
    """Memory without swap, CPU, keys and clients by tier; one network and address, no port; its data stay."""
    container: Any = resolved(declared()["t-acme-2-redis-container"].inputs)
    assert (container["memory"], container["memorySwap"], container["cpus"]) == (160, 160, "0.25")
    (network,) = container["networksAdvanced"]
    assert network["ipv4Address"] == redis_address(host_of(settings()), 3)
    assert not container.get("ports")
    assert declared()["t-acme-2-redis-data"].protect
    assert {"maxmemory 64mb", "maxclients 50", "maxmemory-policy noeviction"} <= set(_file("redis.conf").splitlines())


def test_suspended_its_user_does_not_exist() -> None:
    """Who looks after it does."""
    users = {state: _file("users.acl", state) for state in ("active", "suspended")}
    assert "user t_acme_2 on" in users["active"]
    assert "t_acme_2" not in users["suspended"]
    assert all("user keeper on" in text for text in users.values())


@pytest.mark.parametrize("state", ["active", "suspended"])
def test_the_policies_allow_it(state: str) -> None:
    """Every rule of the pack."""
    assert list(violations(tuple(declared(state).values()), facts_of(settings(), "acme-2"))) == []


def _file(name: str, state: str = "active") -> str:
    uploads: Any = resolved(declared(state)["t-acme-2-redis-secrets-loader"].inputs)["uploads"]
    return str(next(one["content"] for one in uploads if one["file"].endswith(f"/{name}")))
