"""Who may do what at Redis: the file of its ACL users, made from the passwords of those that log in.

What a service may do it says in its settings (`redis_access`). Databases are no border, for Redis has no rule on
SELECT: the names of the keys are. Tenants' users (`t_…`) are none of these, and none is made any more: what they had
here the user `provisioner` moves and removes.

Every rule here means the same to Redis 6.2, which the sandbox runs, and to 7.2: no selectors, no %R~, no command that
only one of them knows, and channels always stated, because their default differs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from settings.redis_commands import RedisAccess

__all__ = ["TENANT_PREFIX", "own_users_file", "users_file"]

TENANT_PREFIX = "t_"
"""What the users, keys and channels of tenants begin with; no pattern of a service reaches them."""

# Keys' end; an archive's way out; and what is in a key, by which an archive is compared (who may dump it, may read it).
_OUT = "+ping +scan +del +unlink +type +pttl +dump +get +hgetall +lrange +smembers +zrange +xrange"
_RESCUE = "+ping +info +script|kill +shutdown +client|kill +client|list"

# Who takes a backup of all keys, of one moment, and puts one back: beside what is there, then in its place.
_KEEPER = RedisAccess(
    keys=("*",), commands=f"{_OUT} +restore +rename +set +multi +exec +discard +acl|deluser {_RESCUE}"
)

_OPERATORS: Mapping[str, RedisAccess] = {
    "health": RedisAccess(commands="+ping"),
    # What tenants had here before each that has a Redis has its own: their keys' way out, and the end of their users.
    "provisioner": RedisAccess(
        keys=(f"{TENANT_PREFIX}*",),
        commands=f"{_OUT} +acl|getuser +acl|deluser +acl|users +acl|save",
    ),
    # Ends a script that never ends, or where it has written something, the server, which its host starts again: while
    # a script runs Redis takes nothing else (ACL SETUSER neither). It reads no key.
    "operator": RedisAccess(commands=_RESCUE),
    "keeper": _KEEPER,
}


def users_file(passwords: Mapping[str, str], services: Mapping[str, RedisAccess]) -> str:
    """The file of users, one a password; the one that Redis has by itself is closed. It holds hashes only.

    `services`: what those of them may do that say it in their settings; others have what is below their own name.
    """
    return _file(
        (user, password, _OPERATORS.get(user) or services.get(user) or _below(user))
        for user, password in sorted(passwords.items())
    )


def own_users_file(tenant: str, passwords: Mapping[str, str]) -> str:
    """The file of users of a tenant's own Redis: the tenant's user (none of it while its door is closed), who looks
    after its health, and the `keeper`.
    """
    known = {tenant: _below(tenant), "health": _OPERATORS["health"], "keeper": _KEEPER}
    return _file((user, password, known[user]) for user, password in sorted(passwords.items()))


def _below(user: str) -> RedisAccess:
    return RedisAccess(keys=(f"{user}:*",), channels=(f"{user}:*",))


def _file(users: Iterable[tuple[str, str, RedisAccess]]) -> str:
    lines = ["user default reset off"]
    for user, password, access in users:
        lines.append(f"user {user} on #{hashlib.sha256(password.encode()).hexdigest()} {access.rules()}")
    return "\n".join(lines) + "\n"
