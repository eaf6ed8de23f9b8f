"""Redis, for queues and caches: durable, never evicting, with a user for each service, in the network `data`.

One instance for the services of a host, and for nobody else: a Redis knows no limit of memory, time or connections for
a user, so a tenant that has one has it alone (`own_redis_workload`). Tenants' users of before are kept on the volume
until the next run on each tenant has moved it; at each start only the services' users are written anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.placements import RunsContainers
from components.secrecy import secret
from components.services.context import ServiceContext, ServiceOutputs
from components.services.redis_login import PORT, RedisServer
from components.services.redis_users import TENANT_PREFIX, own_users_file, users_file
from components.workload import Health, Volume, Workload
from settings.images import Image
from settings.redis_commands import RedisAccess
from settings.services import Redis as RedisSettings

__all__ = [
    "PORT",
    "SOURCES",
    "OwnRedis",
    "Redis",
    "RedisArgs",
    "declare",
    "own_redis_workload",
]

SOURCES: Mapping[str, str] = {
    "port": "https://github.com/redis/docker-library-redis/blob/master/7.2/debian/Dockerfile (EXPOSE)",
    "volumes": "https://github.com/redis/docker-library-redis/blob/master/7.2/debian/Dockerfile (VOLUME /data)",
    "user": "https://github.com/redis/docker-library-redis/blob/master/7.2/debian/Dockerfile (useradd 999)",
    "health": "https://redis.io/docs/latest/commands/ping/",
}
"""Who says so: the port, the volumes, the health check."""

CONFIG, USERS, HEALTH = "redis.conf", "users.acl", "health-password"
DATA = "/data"
PROVISIONER = "provisioner"
"""The user that moves and removes what tenants had here (components.services.redis_users)."""
SCRIPT_MS = 1000
"""How long a script may be alone with the server before it answers others, if only that it is busy, and lets an
operator end it."""
_GIVEN, _KEPT, _FRESH = f"{Workload.SECRETS_FOLDER}/{USERS}", f"{DATA}/{USERS}", f"{DATA}/{USERS}.fresh"

START = f"""
set -eu
umask 077
cat {_GIVEN} > {_FRESH}
if [ -f {_KEPT} ]; then
  grep '^user {TENANT_PREFIX}' {_KEPT} >> {_FRESH} || [ $? -eq 1 ]
fi
sync {_FRESH}
mv {_FRESH} {_KEPT}
exec redis-server {Workload.SECRETS_FOLDER}/{CONFIG}
""".strip()
"""Services' users from the secret file, tenants' from the volume; whoever is killed in between leaves the old file
whole. Grep's 1 is "none there"; of any other failure Redis does not start, for it would lose the tenants.
"""


@dataclass(frozen=True, kw_only=True)
class RedisArgs:
    """Where it runs, how large it may be, and the password of each of its users."""

    placement: RunsContainers
    image: Image
    wanted: RedisSettings
    passwords: Mapping[str, Input[str]]
    access: Mapping[str, RedisAccess]
    """What services may do there, as they say it themselves."""


class Redis(ComponentResource):
    """A running Redis, at `host` for what is in the same network."""

    host: Output[str]

    def __init__(self, name: str, args: RedisArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:Redis", name, None, opts)
        running = args.placement.run(name, _workload(args), ResourceOptions(parent=self))
        self.host = running.host
        self.register_outputs({"host": self.host})


def _workload(args: RedisArgs) -> Workload:
    return Workload(
        image=args.image.reference,
        port=PORT,
        health=_health(),
        cpu=0.5,
        memory_mb=args.wanted.memory_mb,
        command=["sh", "-c", START],
        secret_files={
            # Writing the log anew forks: what changes meanwhile is held twice.
            CONFIG: _config(args.wanted.memory_mb * 6 // 10, _KEPT),
            USERS: secret(Output.all(**args.passwords).apply(lambda words: users_file(words, args.access))),
            HEALTH: args.passwords["health"],
        },
        volumes=[Volume("data", DATA, needs="posix")],
        # The image's user `redis`.
        user="999:999",
        read_only_root=True,
        access=["data"],
        operated=True,
        stop_timeout_s=30,
    )


@dataclass(frozen=True, kw_only=True)
class OwnRedis:
    """A Redis for one tenant alone: its bounds, and the password of each of its users."""

    user: str
    """The tenant's; its keys and channels begin with it and a colon, as an archive has them."""
    password: Input[str]
    keeper_password: Input[str]
    health_password: Input[str]
    is_open: bool
    """Whether the tenant's user may log in."""
    keys_mb: int
    memory_mb: int
    cpu: float
    clients: int


def own_redis_workload(image: Image, own: OwnRedis) -> Workload:
    """Its users come with each start: another one, or a door that is closed, is another container. What never ends in
    the old one ends with it, and its keys are on the volume.
    """
    passwords = {own.user: own.password, "keeper": own.keeper_password, "health": own.health_password}
    known = {user: word for user, word in passwords.items() if own.is_open or user != own.user}
    users = Output.all(**known).apply(lambda words: own_users_file(own.user, words))
    return Workload(
        image=image.reference,
        port=PORT,
        health=_health(),
        cpu=own.cpu,
        memory_mb=own.memory_mb,
        command=["redis-server", f"{Workload.SECRETS_FOLDER}/{CONFIG}"],
        secret_files={
            CONFIG: _config(own.keys_mb, _GIVEN, f"maxclients {own.clients}", *_BUFFERS),
            USERS: secret(users),
            HEALTH: own.health_password,
        },
        volumes=[Volume("data", DATA, needs="posix")],
        user="999:999",
        read_only_root=True,
        access=["data"],
        operated=True,
        stop_timeout_s=10,
    )


_BUFFERS = ("client-output-buffer-limit normal 8mb 4mb 60", "client-output-buffer-limit pubsub 8mb 4mb 60")
"""What may wait for a client that does not read, which Redis by itself bounds for subscribers alone."""


def _health() -> Health:
    # Told on its standard input: an environment and arguments are there to be read for as long as the process lives.
    login = f"{{ printf 'AUTH health '; cat {Workload.SECRETS_FOLDER}/{HEALTH}; printf '\\nPING\\n'; }}"
    ping = f"{login} | redis-cli | grep -q PONG"
    return Health(command=["CMD-SHELL", ping], interval_s=10, start_s=120)


def _config(keys_mb: int, users: str, *more: str) -> str:
    lines = [
        f"port {PORT}",
        f"dir {DATA}",
        "appendonly yes",
        # RESTORE takes what an archive holds: a value that was made by hand may crash a server that doesn't look at it
        # first (redis.conf of 6.2 and later: sanitize-dump-payload; its default is "no").
        "sanitize-dump-payload clients",
        f"maxmemory {keys_mb}mb",
        # A queue that loses entries is worse than one that refuses them.
        "maxmemory-policy noeviction",
        f"aclfile {users}",
        # Redis 7 calls it busy-reply-threshold, and knows it by this name too.
        f"lua-time-limit {SCRIPT_MS}",
        *more,
        # Before 7.0 a new user hears every channel.
        "acl-pubsub-default resetchannels",
    ]
    return "\n".join(lines) + "\n"


def declare(ctx: ServiceContext, wanted: RedisSettings) -> ServiceOutputs:
    """Declares the service as its settings say, and returns what others may know of it."""
    passwords = ctx.settings.secrets.redis_passwords
    redis = Redis(
        "redis",
        RedisArgs(
            placement=ctx.placement(wanted.placement),
            image=ctx.settings.image("redis"),
            wanted=wanted,
            passwords=passwords,
            access=ctx.settings.services.redis_access(),
        ),
        ctx.inside(wanted.placement),
    )
    return ServiceOutputs(redis=RedisServer(host=redis.host, passwords=passwords))
