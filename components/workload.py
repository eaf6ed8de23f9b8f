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

__all__ = ["Access", "Health", "Volume", "Workload"]

# web: what the reverse proxy reaches. data: databases and queues; docker_api: the socket proxy; both without a way out.
Access = Literal["web", "data", "docker_api"]


@dataclass(frozen=True, kw_only=True)
class Health:
    """How to know that it works: an HTTP path on the workload's port, or a command in the container."""

    http_path: str | None = None
    command: Sequence[str] = ()
    start_period_s: int = 30
    interval_s: int = 15
    timeout_s: int = 5

    def __post_init__(self) -> None:
        """One of the two, not both."""
        if bool(self.http_path) == bool(self.command):
            raise ValueError("health: give either http_path or command")


@dataclass(frozen=True)
class Volume:
    """A folder of the container. `posix` outlives it and does locks and fsync; `scratch` is lost with it."""

    name: str
    path: str
    needs: Literal["posix", "scratch"]
    size_mb: int = 64


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
    replicas: int = 1
    stop_timeout_s: int = 30
    shm_mb: int = 64

    SECRETS_FOLDER = "/run/secrets"
