"""Who may do what at Redis: the file of its ACL users, made from the passwords of those that log in.

Every service is held to the keys and channels that its vendor's code uses, and to commands on them: which line of whose
source sends what says tests/components/redis_calls.py. Databases are no
border, for Redis has no rule on SELECT: the names of the keys are. Tenants' users (`t_…`) are none of these, and none
is made any more: what they had here the user `provisioner` moves and removes.

Every rule here means the same to Redis 6.2, which the sandbox runs, and to 7.2: no selectors, no %R~, no command that
only one of them knows, and channels always stated, because their default differs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from settings.redis_commands import NAMES_OF_KEYS, OWN_KEYS

__all__ = ["TENANT_PREFIX", "own_users_file", "users_file"]

TENANT_PREFIX = "t_"
"""What the users, keys and channels of tenants begin with; no pattern of a service reaches them."""

_HEX = "[0-9a-f]"
_UUID = "-".join(_HEX * length for length in (8, 4, 4, 4, 12))
_CONTAINER = _HEX * 12
"""Docker's default host name: the first twelve digits of the container's id."""


@dataclass(frozen=True, kw_only=True)
class _Access:
    """The keys and channels of one user, as patterns, and what it may do beyond `OWN_KEYS`, or instead of them."""

    keys: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    commands: str = OWN_KEYS

    def rules(self) -> str:
        """As a line of the file has them, after the name and the password."""
        keys = [f"~{pattern}" for pattern in self.keys]
        channels = [f"&{pattern}" for pattern in self.channels]
        return " ".join(["resetkeys", *keys, "resetchannels", *channels, "-@all", self.commands])


_SERVICES: Mapping[str, _Access] = {
    # OptimalBits/bull 4.15 lib/queue.js: toKey is <prefix>:<queue>:…, its pattern events are progress, waiting and
    # active, and a pattern is allowed only if the very same one stands here. n8n-io/n8n packages/cli/src/scaling and
    # @n8n/config redis.config: N8N_REDIS_KEY_PREFIX is n8n, and before 2.0 the channels were n8n.commands and so on.
    "n8n": _Access(
        keys=("bull:*", "n8n:*"),
        channels=(
            *("bull:*", "n8n:*", "n8n.*"),
            *(f"bull:jobs:{event}*" for event in ("progress", "waiting", "active", "stalled")),
        ),
    ),
    # Sidekiq has no prefix, so its keys are named one by one. sidekiq/sidekiq v7.3 and v8.1 lib/sidekiq/{launcher,api,
    # scheduled,deploy,iterable}.rb and metrics/; sidekiq-cron lib/sidekiq/cron/job.rb; chatwoot/chatwoot config/
    # initializers/01_redis.rb (alfred, velma), config/cable.yml, and Rails' adapter for _action_cable_internal.
    "chatwoot": _Access(
        keys=(
            *("alfred:*", "velma:*"),
            *(
                "queues",
                "queue:*",
                "schedule",
                "retry",
                "dead",
                "stat:*",
                "processes",
                "process_cleanup",
                "dear-leader",
            ),
            # A process is <host name>:<pid>:<nonce>, its work and signals are keys beside it.
            f"{_CONTAINER}:*",
            # Metrics: j|20261120|14:5 and <Class>-18-3:24 of 7.3; h|<Class>-18-3:24 and 261120|14:5 of 8.
            *("j|*", "h|*", "[A-Z]*-[0-9]*-[0-9]*:[0-9]*", "[0-9]*|[0-9]*:[0-9]*", "[0-9]*-marks", "deploylock-*"),
            *("it-*", "cron_jobs", "cron_jobs:*", "cron_job:*"),
            # The worker's health: arturictus/sidekiq_alive v2.5 lib/sidekiq_alive.rb.
            *("sidekiq-alive-hostnames", "SIDEKIQ::LIVENESS_PROBE_TIMESTAMP::*"),
        ),
        channels=("chatwoot_production_action_cable:*", "_action_cable_internal"),
        # chatwoot/chatwoot lib/global_config.rb:26 forgets cached settings by KEYS, each time db:chatwoot_prepare runs;
        # lib/redis/alfred.rb:47 finds others by SCAN. No pattern limits either: it may read the names of all keys.
        commands=f"{OWN_KEYS} {NAMES_OF_KEYS}",
    ),
    # botpress/v12 packages/bp/src/core/distributed/redis.ts and realtime/realtime-service.ts with
    # BP_REDIS_SCOPE=botpress; @socket.io/redis-adapter subscribes to <scope>#<namespace>#*. A cluster needs Pro.
    "botpress": _Access(
        keys=("botpress/*",),
        channels=("botpress*", *(f"botpress#/{namespace}#*" for namespace in ("", "admin", "guest"))),
    ),
    # IBM/mcp-context-forge mcpgateway/: CACHE_PREFIX covers its caches only. It answers a session on a channel that is
    # the session's UUID. To forget what is cached it scans: it may read the names of all keys, and no others' values.
    "mcp": _Access(
        keys=(
            *("mcpgw:*", "mcpgateway:*", "contextforge:*", "mcp:*", "plugin:*", "oauth:state*", "ratelimit:*"),
            *("token:*", "token_exchange:*", "api_token_last_used:*", "gateway_service_leader", "UserConfig*"),
            *("user_config:*", "user_config_version:*", "active_session:*", "session_lock:*", "chat_history:*"),
        ),
        channels=(
            *("mcpgw:*", "mcpgateway:*", "contextforge:*", "mcp:session:*", "mcp_session_events"),
            *("plugin:invalidation", "cancellation:cancel", _UUID),
        ),
        commands=f"{OWN_KEYS} +scan",
    ),
}

# Keys' end; an archive's way out; and what is in a key, by which an archive is compared (who may dump it, may read it).
_OUT = "+ping +scan +del +unlink +type +pttl +dump +get +hgetall +lrange +smembers +zrange +xrange"
_RESCUE = "+ping +info +script|kill +shutdown +client|kill +client|list"

_OPERATORS: Mapping[str, _Access] = {
    "health": _Access(commands="+ping"),
    # What tenants had here before each that has a Redis has its own: their keys' way out, and the end of their users.
    "provisioner": _Access(
        keys=(f"{TENANT_PREFIX}*",),
        commands=f"{_OUT} +acl|getuser +acl|deluser +acl|users +acl|save",
    ),
    # Ends a script that never ends, or where it has written something, the server, which its host starts again: while
    # a script runs Redis takes nothing else (ACL SETUSER neither). It reads no key.
    "operator": _Access(commands=_RESCUE),
}

# A tenant's own Redis: out of it and into it by archives, and what an operator may do to any.
_KEEPER = _Access(keys=("*",), commands=f"{_OUT} +restore +acl|deluser {_RESCUE}")


def users_file(passwords: Mapping[str, str]) -> str:
    """The file of users, one a password; the one that Redis has by itself is closed. It holds hashes only."""
    return _file(
        (user, password, _OPERATORS.get(user) or _SERVICES.get(user) or _below(user))
        for user, password in sorted(passwords.items())
    )


def own_users_file(tenant: str, passwords: Mapping[str, str]) -> str:
    """The file of users of a tenant's own Redis: the tenant's user (none of it while its door is closed), who looks
    after its health, and the `keeper`.
    """
    known = {tenant: _below(tenant), "health": _OPERATORS["health"], "keeper": _KEEPER}
    return _file((user, password, known[user]) for user, password in sorted(passwords.items()))


def _below(user: str) -> _Access:
    return _Access(keys=(f"{user}:*",), channels=(f"{user}:*",))


def _file(users: Iterable[tuple[str, str, _Access]]) -> str:
    lines = ["user default reset off"]
    for user, password, access in users:
        lines.append(f"user {user} on #{hashlib.sha256(password.encode()).hexdigest()} {access.rules()}")
    return "\n".join(lines) + "\n"
