"""Of Redis: the user, and keys below its prefix."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import redis

from deploy.guards import NotReady
from tenants.ground import Ground
from tenants.model import Tenant
from tenants.residue.left import Left

__all__ = ["left"]

SHOWN = 3


def left(ground: Ground, tenant: Tenant) -> Iterator[Left]:
    """Asked as who makes the users."""
    server, names = ground.platform.redis, tenant.names
    if server is None:
        return
    client: Any = redis.Redis(
        host="127.0.0.1",
        port=server.local_port,
        username=server.login,
        password=ground.secrets.redis_password,
        decode_responses=True,
    )
    try:
        if names.redis_user in client.acl_users():
            yield Left("Redis", f"the user {names.redis_user}", f"ACL DELUSER {names.redis_user}, then ACL SAVE")
        keys = list(islice(client.scan_iter(match=f"{names.redis_prefix}*", count=500), SHOWN + 1))
        if keys:
            more = " and more" if len(keys) > SHOWN else ""
            yield Left("Redis", f"the keys {', '.join(sorted(keys)[:SHOWN])}{more}", "UNLINK them")
    except redis.RedisError as error:
        raise NotReady(f"Redis can't be asked what is left: {error}") from None
