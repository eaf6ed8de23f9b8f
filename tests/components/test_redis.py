"""Redis as a service: durable, never evicting, a user for each service, and reached where its forward leads."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from components.services.redis import START
from components.services.redis_users import users_file
from settings import load_files
from settings.services.n8n import N8n
from settings.systems.smarteros import SmarterOSServices
from tests.components.declared import PASSWORD, ROOT, Declared, Hidden, platform, prod_config, resolved, secrets_of

ACCESS = SmarterOSServices.redis_access()


@cache
def declared() -> dict[str, Declared]:
    """What prod declares, by name."""
    return {one.name: one for one in platform() if one.custom}


def files() -> dict[str, Any]:
    """The secret files of Redis, as they were handed over."""
    uploads = declared()["redis-secrets-loader"].inputs["uploads"]
    return {upload["file"].rsplit("/", 1)[1]: upload["content"] for upload in uploads}


def test_it_keeps_what_it_is_given() -> None:
    """An append-only file on a protected volume, and writes are refused when memory is full: nothing is evicted."""
    config = resolved(files()["redis.conf"]).splitlines()
    assert {"dir /data", "appendonly yes", "maxmemory-policy noeviction", "maxmemory 307mb"} <= set(config)
    assert {"aclfile /data/users.acl", "acl-pubsub-default resetchannels"} <= set(config)
    assert declared()["redis-data"].protect
    container = resolved(declared()["redis-container"].inputs)
    assert "/data" in [volume["containerPath"] for volume in container["volumes"]]


def test_it_is_closed_and_where_the_forward_leads() -> None:
    """In the network without a way out, no port published, no capability, no swap, a read-only root."""
    container = resolved(declared()["redis-container"].inputs)
    (network,) = container["networksAdvanced"]
    forward = load_files("prod", ROOT).forward("redis")
    assert network["name"].endswith("-data")
    assert (network["ipv4Address"], forward.target_port) == (forward.target_host, 6379)
    assert not container.get("ports")
    assert container["readOnly"] is True
    assert container["memory"] == container["memorySwap"]
    assert "adds" not in container["capabilities"]


def test_no_password_stands_where_others_read() -> None:
    """Not in arguments, not in the environment; the file of users has hashes alone, and is a secret all the same."""
    container = resolved(declared()["redis-container"].inputs)
    assert container["entrypoints"] == ["sh", "-c", START]
    assert PASSWORD not in str(container)
    assert not container["envs"]
    users = files()["users.acl"]
    assert isinstance(users, Hidden)
    assert PASSWORD not in str(users)
    assert isinstance(files()["health-password"], Hidden)


def test_each_user_has_its_own_password() -> None:
    """One keyring entry a user: for its health, for making tenants' users, and for each service that needs it."""
    entries = {entry for entry in secrets_of("prod", prod_config()) if "redis" in entry}
    assert entries >= {"prod/redisPasswords/health", "prod/redisPasswords/provisioner"}
    lines = users_file({"n8n": "one", "health": "two"}, ACCESS).splitlines()
    assert lines[0] == "user default reset off"
    assert len({line.split("#")[1].split()[0] for line in lines[1:]}) == 2


def test_a_service_that_needs_redis_has_a_user_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as its settings say so, and it runs on the same host; elsewhere it has another Redis."""
    settings = load_files("prod", ROOT)
    assert "n8n" not in settings.redis_users
    monkeypatch.setattr(N8n, "uses_redis", lambda self: True)
    assert "n8n" not in settings.redis_users
    placement = settings.services.redis.placement if settings.services.redis else None
    n8n = settings.of(SmarterOSServices).services.n8n
    assert n8n is not None
    n8n = n8n.model_copy(update={"placement": placement})
    moved = settings.model_copy(update={"services": settings.services.model_copy(update={"n8n": n8n})})
    assert "n8n" in moved.redis_users
