"""Of Redis: the user, keys below its prefix, and copies of both that somebody made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import redis

from apps.time_limits import redis_limits
from deploy.guards import NotReady
from tenants.ground import Ground
from tenants.names import TenantNames
from tenants.residue.left import Left, Sought

__all__ = ["left"]

SHOWN = 3


def left(ground: Ground, sought: Sought) -> Iterator[Left]:
    """Asked as who makes the users."""
    server = ground.platform.redis
    if server is None:
        return
    client: Any = redis.Redis(
        host="127.0.0.1",
        port=server.local_port,
        username=server.login,
        password=ground.secrets.redis_password,
        decode_responses=True,
        encoding_errors="replace",
        **redis_limits(),
    )
    try:
        for user in sorted(client.acl_users()):
            if sought.carries(user, _user, "_"):
                yield Left("Redis", f"the user {user}", f"ACL DELUSER {user}, then ACL SAVE")
        seen = client.scan_iter(match=f"{_user(sought.tenant.names)}*", count=500)
        ours = (key for key in seen if ":" in key and sought.carries(key.partition(":")[0], _user, "_"))
        keys = list(islice(ours, SHOWN + 1))
        if keys:
            more = " and more" if len(keys) > SHOWN else ""
            yield Left("Redis", f"the keys {', '.join(sorted(keys)[:SHOWN])}{more}", "UNLINK them")
    except redis.RedisError as error:
        raise NotReady(f"Redis can't be asked what is left: {error}") from None


def _user(names: TenantNames) -> str:
    return names.redis_user
