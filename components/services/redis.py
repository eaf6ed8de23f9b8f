"""Redis, for queues and caches: durable, never evicting, with a password, in the network that leads nowhere.

One instance for the services of a host; it has no users of its own for tenants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.images import IMAGES, Image
from components.placements import Placement
from components.secrecy import secret
from components.workload import Health, Volume, Workload
from settings.services import Redis as RedisSettings

if TYPE_CHECKING:
    from components.services.surroundings import Surroundings

__all__ = ["Redis", "RedisArgs", "RedisLogin", "RedisServer", "declare"]

PORT = 6379
CONFIG, PASSWORD = "redis.conf", "redis-password"


@dataclass(frozen=True, kw_only=True)
class RedisLogin:
    """How one service logs in."""

    host: Output[str]
    port: int
    user: str
    password: Output[str]


@dataclass(frozen=True, kw_only=True)
class RedisServer:
    """A Redis, as those beside it see it."""

    host: Output[str]
    password: Output[str]

    def login(self, service: str) -> RedisLogin:
        """The login of a service."""
        return RedisLogin(host=self.host, port=PORT, user="default", password=self.password)


@dataclass(frozen=True, kw_only=True)
class RedisArgs:
    """Where it runs, how large it may be, and its password."""

    placement: Placement
    image: Image
    wanted: RedisSettings
    password: Input[str]


class Redis(ComponentResource):
    """A running Redis, at `host` for what is in the same network."""

    host: Output[str]

    def __init__(self, name: str, args: RedisArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:Redis", name, None, opts)
        running = args.placement.run(name, _workload(args), ResourceOptions(parent=self))
        self.host = running.host
        self.register_outputs({"host": self.host})


def _workload(args: RedisArgs) -> Workload:
    folder = Workload.SECRETS_FOLDER
    ping = f'REDISCLI_AUTH="$(cat {folder}/{PASSWORD})" redis-cli ping | grep -q PONG'
    return Workload(
        image=args.image.reference,
        port=PORT,
        health=Health(command=["CMD-SHELL", ping], interval_s=10),
        cpu=0.5,
        memory_mb=args.wanted.memory_mb,
        args=["redis-server", f"{folder}/{CONFIG}"],
        secret_files={
            CONFIG: secret(Output.from_input(args.password)).apply(
                lambda password: _config(password, args.wanted.memory_mb)
            ),
            PASSWORD: args.password,
        },
        volumes=[Volume("data", "/data", needs="posix")],
        # The image's user `redis`.
        user="999:999",
        read_only_root=True,
        access=["data"],
        stop_timeout_s=30,
    )


def _config(password: str, memory_mb: int) -> str:
    lines = [
        f"port {PORT}",
        "dir /data",
        "appendonly yes",
        # Writing the log anew forks: what changes meanwhile is held twice.
        f"maxmemory {memory_mb * 6 // 10}mb",
        # A queue that loses entries is worse than one that refuses them.
        "maxmemory-policy noeviction",
        f"requirepass {password}",
    ]
    return "\n".join(lines) + "\n"


def declare(at: Surroundings, wanted: RedisSettings) -> None:
    """As the settings want it."""
    password = at.settings.secrets.redis_password
    redis = Redis(
        "redis",
        RedisArgs(placement=at.placement(wanted.placement), image=IMAGES.redis, wanted=wanted, password=password),
        at.inside(wanted.placement),
    )
    at.redis[wanted.placement.host] = RedisServer(host=redis.host, password=password)
