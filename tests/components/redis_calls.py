"""What each service's vendor sends to Redis, one command a line with the place in the vendor's source.

Written down from the source, not from our rules: a rule that is too narrow fails here, before a service does. What the
vendors' own client libraries send when they run is tested in test_redis_clients.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CALLS", "Call"]


@dataclass(frozen=True)
class Call:
    """A command as it goes over the wire, and who says so."""

    command: str
    source: str


def _calls(repository: str, table: str) -> tuple[Call, ...]:
    found = []
    for line in table.strip().splitlines():
        command, _, where = line.partition(" @ ")
        found.append(Call(command.strip(), f"{repository} {where.strip()}"))
    return tuple(found)


_BULL = _calls(
    "OptimalBits/bull 4.15.0",
    """
    INFO @ lib/queue.js:1380 (the version of Redis, asked once a queue)
    CLIENT SETNAME bull:am9icw== @ lib/worker.js:18
    SCRIPT LOAD return(1) @ lib/commands/index.js (ioredis' defineCommand)
    INCR bull:jobs:id @ lib/commands/addJob-6.lua:45
    HMSET bull:jobs:1 name job data {} @ lib/commands/addJob-6.lua:62
    LPUSH bull:jobs:wait 1 @ lib/commands/addJob-6.lua
    BRPOPLPUSH bull:jobs:wait bull:jobs:active 1 @ lib/queue.js:1229
    SET bull:jobs:1:lock token PX 30000 NX @ lib/commands/takeLock-1.lua
    ZADD bull:jobs:delayed 1 1 @ lib/commands/addJob-6.lua
    ZRANGEBYSCORE bull:jobs:delayed 0 1 @ lib/commands/updateDelaySet-6.lua:28
    SADD bull:jobs:stalled 1 @ lib/commands/moveToActive-8.lua:93
    RENAME bull:jobs:wait2 bull:jobs:wait @ lib/commands/pause-5.lua:19
    HGETALL bull:jobs:1 @ lib/job.js:143
    PUBLISH bull:jobs:progress {} @ lib/commands/updateProgress-2.lua
    LLEN bull:jobs:wait @ lib/getters.js:43
    QUIT @ lib/queue.js:570
    """,
)
_N8N = _calls(
    "n8n-io/n8n 2.35.7",
    """
    PING @ packages/cli/src/services/redis-client.service.ts
    PUBLISH n8n:n8n.commands {} @ packages/cli/src/scaling/pubsub/publisher.service.ts
    PUBLISH n8n.commands {} @ packages/cli/src/scaling/constants.ts (before 2.0, without the prefix)
    SET n8n:main_instance_leader 1 EX 10 @ packages/cli/src/scaling/multi-main-setup.ee.ts
    HSET n8n:cache:a b 1 @ packages/cli/src/services/cache/redis.cache-manager.ts
    """,
)
_SIDEKIQ = _calls(
    "sidekiq/sidekiq v7.3.9",
    """
    INFO @ lib/sidekiq/redis_client_adapter.rb:17
    CLIENT SETNAME Sidekiq-client-PID-1 @ lib/sidekiq/redis_connection.rb:15 (6.x); 7 names no client
    SADD queues default @ lib/sidekiq/client.rb:283
    LPUSH queue:default {} @ lib/sidekiq/client.rb:284
    BRPOP queue:default queue:low 1 @ lib/sidekiq/fetch.rb:47
    RPUSH queue:default {} @ lib/sidekiq/fetch.rb:25
    LREM queue:default 1 {} @ lib/sidekiq/api.rb:454
    LLEN queue:default @ lib/sidekiq/api.rb:74
    LRANGE queue:default 0 1 @ lib/sidekiq/paginator.rb:40
    TYPE queue:default @ lib/sidekiq/paginator.rb:20
    ZADD schedule 1 {} @ lib/sidekiq/client.rb:267
    SCRIPT LOAD return(1) @ lib/sidekiq/scheduled.rb:54
    ZADD retry 1 {} @ lib/sidekiq/job_retry.rb:196
    ZADD dead 1 {} @ lib/sidekiq/job_retry.rb:263
    ZREMRANGEBYSCORE dead -inf 0 @ lib/sidekiq/job_retry.rb:264
    ZREMRANGEBYRANK dead 0 -10000 @ lib/sidekiq/job_retry.rb:265
    ZSCAN dead 0 MATCH *a* @ lib/sidekiq/api.rb:761
    SSCAN queues 0 @ lib/sidekiq/api.rb:70
    SSCAN processes 0 @ lib/sidekiq/api.rb:127
    SCARD processes @ lib/sidekiq/scheduled.rb:187
    SADD processes 0123456789ab:1:abcdef @ lib/sidekiq/launcher.rb:169
    SREM processes 0123456789ab:1:abcdef @ lib/sidekiq/launcher.rb:109
    EXISTS 0123456789ab:1:abcdef @ lib/sidekiq/launcher.rb:170
    HSET 0123456789ab:1:abcdef info {} @ lib/sidekiq/launcher.rb:171
    HMGET 0123456789ab:1:abcdef info busy @ lib/sidekiq/api.rb:943
    EXPIRE 0123456789ab:1:abcdef 60 @ lib/sidekiq/launcher.rb:177
    HSET 0123456789ab:1:abcdef:work 1 {} @ lib/sidekiq/launcher.rb:156
    UNLINK 0123456789ab:1:abcdef:work @ lib/sidekiq/launcher.rb:154
    RPOP 0123456789ab:1:abcdef-signals @ lib/sidekiq/launcher.rb:178
    SET process_cleanup 1 NX EX 60 @ lib/sidekiq/scheduled.rb:196
    GET dear-leader @ lib/sidekiq/api.rb:993
    INCRBY stat:processed:2026-11-20 1 @ lib/sidekiq/launcher.rb:127
    MGET stat:processed:2026-11-20 stat:failed:2026-11-20 @ lib/sidekiq/api.rb:205
    BITFIELD MessageJob-18-3:24 INCRBY u16 #1 1 @ lib/sidekiq/metrics/shared.rb:100
    BITFIELD_RO MessageJob-18-3:24 GET u16 #1 @ lib/sidekiq/metrics/shared.rb:87
    HINCRBY j|20261120|3:24 MessageJob|p 1 @ lib/sidekiq/metrics/tracking.rb:90
    HSETNX 20261120-marks a b @ lib/sidekiq/deploy.rb:52
    SET deploylock-a 1 NX EX 60 @ lib/sidekiq/deploy.rb:49
    HSET it-abc c 1 @ lib/sidekiq/job/iterable.rb:267
    MULTI @ lib/sidekiq/launcher.rb:153
    DISCARD @ lib/sidekiq/launcher.rb:153
    """,
)
_SIDEKIQ_8 = _calls(
    "sidekiq/sidekiq v8.1.7",
    """
    HSET 261120|3:2 MessageJob|p 1 @ lib/sidekiq/metrics/tracking.rb
    BITFIELD h|MessageJob-18-3:24 INCRBY u16 #1 1 @ lib/sidekiq/metrics/shared.rb
    """,
)
_CRON = _calls(
    "sidekiq-cron/sidekiq-cron",
    """
    SADD cron_jobs:default cron_job:default:trigger @ lib/sidekiq/cron/job.rb (save)
    HMSET cron_job:default:trigger status enabled @ lib/sidekiq/cron/job.rb (save)
    SMEMBERS cron_jobs @ lib/sidekiq/cron/job.rb (all)
    ZADD cron_job:trigger:enqueued 1 1 @ lib/sidekiq/cron/job.rb (should_enque?)
    LTRIM cron_job:trigger:jid_history 0 10 @ lib/sidekiq/cron/job.rb (add_jid_history)
    """,
)
_CHATWOOT = _calls(
    "chatwoot/chatwoot",
    """
    KEYS alfred:V1:GLOBAL_CONFIG:* @ lib/global_config.rb:26 (clear_cache: at each start, by db:chatwoot_prepare)
    EXPIRE alfred:V1:GLOBAL_CONFIG:A 0 @ lib/global_config.rb:28 (clear_cache)
    SET alfred:V1:GLOBAL_CONFIG:A {} EX 86400 @ lib/global_config.rb:53 (load_from_cache)
    SCAN 0 MATCH alfred:UNREAD* COUNT 1000 @ lib/redis/alfred.rb:47 (scan_each)
    SCAN 0 MATCH alfred:x* COUNT 100 @ lib/redis/alfred.rb:54 (keys_count)
    SET alfred:CONVERSATION::1 1 @ lib/redis/alfred.rb:11 (set)
    SETEX alfred:a 1 b @ lib/redis/alfred.rb:17 (setex)
    EXISTS alfred:a @ lib/redis/alfred.rb:35 (exists?)
    RPOPLPUSH alfred:a alfred:b @ lib/redis/alfred.rb:79 (rpoplpush)
    LREM alfred:a 0 b @ lib/redis/alfred.rb:83 (lrem)
    HMGET alfred:h a b @ lib/redis/alfred.rb:100 (hmget)
    ZADD alfred:z 1 a @ lib/redis/alfred.rb:110 (zadd)
    ZCOUNT alfred:z 0 1 @ lib/redis/alfred.rb:124 (zcount)
    ZREMRANGEBYSCORE alfred:z 0 1 @ lib/redis/alfred.rb:143 (zremrangebyscore)
    SADD alfred:s a @ app/services/conversations/unread_counts/store.rb:69 (add_memberships)
    SISMEMBER alfred:s a @ app/services/conversations/unread_counts/store.rb:91 (memberships_for_keys)
    INCRBY velma:rack::attack:1:req 1 @ config/initializers/01_redis.rb:10 (velma, of rack-attack)
    PUBLISH chatwoot_production_action_cable:room {} @ config/cable.yml (channel_prefix)
    """,
)
_ALIVE = _calls(
    "arturictus/sidekiq_alive v2.5",
    """
    SET SIDEKIQ::LIVENESS_PROBE_TIMESTAMP::a 1 EX 60 @ lib/sidekiq_alive.rb (store_alive_key)
    ZADD sidekiq-alive-hostnames 1 a @ lib/sidekiq_alive.rb (register_instance)
    """,
)
_BOTPRESS = _calls(
    "botpress/v12 v12.31.10",
    """
    SET botpress/bot_monitor_lock 1 @ packages/bp/src/core/distributed/redis.ts
    PUBLISH botpress/job_done {} @ packages/bp/src/core/distributed/job-service.ts
    PUBLISH botpress#/admin#room {} @ packages/bp/src/core/realtime/realtime-service.ts
    """,
)
_MCP = _calls(
    "IBM/mcp-context-forge v1.0.8 mcpgateway/",
    """
    INFO @ version.py:1372
    PING @ utils/redis_client.py:323
    SETEX mcpgw:auth:user:a 10 1 @ cache/auth_cache.py:459
    SCAN 0 MATCH mcpgw:* @ cache/auth_cache.py:510 (scan_iter)
    SADD mcpgw:auth:revoked_tokens a @ cache/auth_cache.py:558
    PUBLISH mcpgw:auth:invalidate user:a @ cache/auth_cache.py:518
    PUBLISH mcpgw:cache:invalidate x @ cache/admin_stats_cache.py:837
    SETEX mcp:session:1 10 1 @ cache/session_registry.py:652
    PUBLISH mcp_session_events {} @ cache/session_registry.py:654
    PUBLISH 8a4e6c1e-7b3f-4f0a-9d55-0c2f6f1b2a3c {} @ cache/session_registry.py:1335 (the session's own id)
    SET gateway_service_leader 1 NX EX 10 @ services/gateway_service.py:1239
    SET mcpgw:primary_worker 1 NX EX 10 @ services/leader_election.py:185
    SET mcpgateway:server_classification:leader 1 @ services/server_classification_service.py:211
    SCRIPT LOAD return(1) @ services/server_classification_service.py:208
    SETEX oauth:state:1:2 10 x @ services/oauth_manager.py:1195
    GETDEL oauth:state:1:2 @ services/oauth_manager.py:1281
    SETEX token:revoked:a 10 1 @ services/token_blocklist_service.py:142
    SET token_exchange:a 1 EX 10 @ services/token_exchange_cache.py:235
    INCR ratelimit:violations:a @ middleware/rate_limit_middleware.py:414
    ZADD ratelimit:ip:medium 1 a @ middleware/rate_limit_middleware.py:163 (its script)
    MGET plugin:a:mode @ plugins/gateway_plugin_manager.py:258
    SET plugin:global:enabled true @ plugins/__init__.py:230
    PUBLISH plugin:invalidation {} @ plugins/__init__.py:254
    INCR contextforge:runtime:mode_version:a @ runtime_state.py:714
    PUBLISH contextforge:runtime:mode {} @ runtime_state.py:667
    PUBLISH cancellation:cancel {} @ services/cancellation_service.py:287
    PUBLISH mcpgw:pool_rpc:a {} @ services/session_affinity.py:872
    PUBLISH mcpgateway:tool_events {} @ services/event_service.py:155
    XADD mcpgateway:siem:events * event {} @ services/siem_export_service.py:561
    XGROUP CREATE mcpgateway:siem:events g $ MKSTREAM @ services/siem_export_service.py:573
    """,
)
_NOBODYS = _calls(
    "components/services/redis_users.py",
    """
    SET other:1 x @ (a service without rules of its own has its name as prefix)
    PUBLISH other:1 x @ (the same)
    """,
)

CALLS: Mapping[str, tuple[Call, ...]] = {
    "n8n": (*_BULL, *_N8N),
    "chatwoot": (*_SIDEKIQ, *_SIDEKIQ_8, *_CRON, *_CHATWOOT, *_ALIVE),
    "botpress": _BOTPRESS,
    "mcp": _MCP,
    "other": _NOBODYS,
}
"""User of Redis → what its vendor's code sends."""
