"""A container to run, without saying where. A placement either keeps everything that is asked for here, or
refuses.

The number of processes is not asked for here: on a host the bootstrap limits every container's (hosts/bootstrap.sh),
and Container Apps has no such setting. Docker's `nproc` limit would count a user's processes on the whole host.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pulumi import Input

__all__ = ["Access", "Health", "RedisList", "Scale", "Sidecar", "Volume", "Workload"]

# web: what the reverse proxy reaches. data: databases and queues; docker_api: the socket proxy; both without a way out.
Access = Literal["web", "data", "docker_api"]


@dataclass(frozen=True, kw_only=True)
class Health:
    """How to know that it works: an HTTP path on the workload's port, or a command in the container."""

    http_path: str | None = None
    command: Sequence[str] = ()
    start_s: int = 60
    """How long it may take until it works, migrations of its data included: nobody ends it before."""
    alive_path: str | None = None
    """Answers while the process is there, whether it works or not: who fails to answer here is started anew, and not
    who waits for a database. Without it http_path is asked."""
    alive_s: int | None = None
    """How long it may take until alive_path answers; as long as start_s when it is not said."""
    interval_s: int = 15
    timeout_s: int = 5

    def __post_init__(self) -> None:
        """One of the two, not both; and it is alive before it works."""
        if bool(self.http_path) == bool(self.command):
            raise ValueError("health: give either http_path or command")
        if self.alive_path and not self.http_path:
            raise ValueError("health: alive_path without http_path")
        if self.alive_within_s > self.start_s or (self.alive_s and not self.alive_path):
            raise ValueError("health: alive_s is for alive_path, and no longer than start_s")

    @property
    def alive_within_s(self) -> int:
        """When it is alive at the latest."""
        return self.start_s if self.alive_s is None else self.alive_s


@dataclass(frozen=True)
class Volume:
    """A folder of the container. `posix` outlives it and does locks and fsync; `scratch` is lost with it."""

    name: str
    path: str
    needs: Literal["posix", "scratch"]
    size_mb: int = 64
    of: str = ""
    """Another workload's volume of that name, which this one mounts too; that one must be there before."""

    def __post_init__(self) -> None:
        """What is lost with its container can't be another's."""
        if self.of and self.needs == "scratch":
            raise ValueError(f"volume {self.name}: the scratch of {self.of} is nobody else's")


@dataclass(frozen=True, kw_only=True)
class Sidecar:
    """A container beside the main one, for it alone. It keeps no files, and nobody else reaches it."""

    name: str
    image: str
    port: int
    """Where its health is asked; another one than the main container's, for they may share a network."""
    health: Health
    cpu: float
    memory_mb: int
    env: Mapping[str, Input[str]] = field(default_factory=dict)
    shares: Sequence[str] = ()
    """Variables of the main container, plain or secret, that it has as well."""
    reaches: Mapping[str, int] = field(default_factory=dict)
    """Variable → port of the main container: the variable holds the URL at which it finds it."""
    volumes: Sequence[Volume] = ()
    args: Sequence[str] = ()
    user: str | None = None
    read_only_root: bool = False
    writable_root_because: str = ""

    def __post_init__(self) -> None:
        """It is lost with the main container, and so is what it holds."""
        if any(volume.needs == "posix" for volume in self.volumes):
            raise ValueError(f"sidecar {self.name}: a sidecar keeps no files")


@dataclass(frozen=True, kw_only=True)
class RedisList:
    """A list in Redis with what waits to be done. The login is the default user's."""

    host: Input[str]
    port: int
    tls: bool
    password: str
    """Which of the workload's secrets it is."""
    key: str
    per_replica: int
    """How many entries one replica is to have before it."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """More replicas as a list grows. They do the same work, so nobody reaches one of them by name."""

    min_replicas: int
    max_replicas: int
    by: RedisList

    def __post_init__(self) -> None:
        """At least one, and in order."""
        if not 1 <= self.min_replicas <= self.max_replicas:
            raise ValueError(f"scale: from {self.min_replicas} to {self.max_replicas} replicas")


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What to run. Says nothing of clouds, hosts and addresses."""

    image: str
    port: int | None
    health: Health
    cpu: float
    memory_mb: int
    hostname: str | None = None
    env: Mapping[str, Input[str]] = field(default_factory=dict)
    secrets: Mapping[str, Input[str]] = field(default_factory=dict)
    secret_files: Mapping[str, Input[str]] = field(default_factory=dict)
    volumes: Sequence[Volume] = ()
    command: Sequence[str] = ()
    args: Sequence[str] = ()
    user: str | None = None
    read_only_root: bool = False
    writable_root_because: str = ""
    capabilities: Sequence[str] = ()
    access: Sequence[Access] = ("web",)
    published_ports: Sequence[int] = ()
    prepare: Sequence[str] = ()
    """A command of the same image, environment, secrets, volumes and networks that must end well before this one
    starts, each time that one of them is another, and after a failure again: what it does must bear being done twice.
    It stands instead of the image's entry point, which it may name itself.
    """
    routes: Mapping[str, int] = field(default_factory=dict)
    """Beginnings of paths below the host name that lead to other ports, as in {"/websocket": 8072}."""
    answers_the_rest: bool = False
    """It also answers on every name of the zone that leads to its host and that nobody else answers for."""
    operated: bool = False
    """Operators and the program itself reach its port, by an SSH forward of its name (settings/tunnels.py)."""
    docker_socket: bool = False
    sidecars: Sequence[Sidecar] = ()
    replicas: int = 1
    scale: Scale | None = None
    """Instead of `replicas`."""
    stop_timeout_s: int = 30
    shm_mb: int = 64

    SECRETS_FOLDER = "/run/secrets"

    def __post_init__(self) -> None:
        """What a sidecar shares is there, and no two of them listen on one port."""
        for sidecar in self.sidecars:
            missing = [name for name in sidecar.shares if name not in self.env and name not in self.secrets]
            if missing:
                raise ValueError(f"sidecar {sidecar.name}: it shares {', '.join(missing)}, which is not set here")
        ports = [self.port, *(sidecar.port for sidecar in self.sidecars)]
        if len(set(ports)) < len(ports):
            raise ValueError(f"sidecars: two containers of one network listen on one port ({ports})")
        if self.scale and self.scale.by.password not in self.secrets:
            raise ValueError(f"scale: {self.scale.by.password} is no secret here")
