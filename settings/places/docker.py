"""Docker as a place: containers of one of smarteros:hosts, and a PostgreSQL server among them. It keeps no blobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from pydantic import Field

from settings.containers import Container
from settings.naming import Names
from settings.networks import data_address
from settings.parts import Host, Name
from settings.places.place import ContainerPlace, DatabasePlace, Place, TooFew, place
from settings.postgres import (
    DOCKER_ADMIN,
    SUPERUSER_CONNECTIONS,
    WAL_CONNECTIONS,
    min_memory_mb,
    server_container,
)

__all__ = ["DockerPostgres", "OnDocker"]


@place
class OnDocker(ContainerPlace):
    """A service that runs as containers of a host."""

    where: Literal["docker"] = Field(description="A container on a host")
    host: Name = Field(description="On which one of smarteros:hosts")

    called: ClassVar[str] = "a host"
    preference: ClassVar[int] = 0
    needs_reverse_proxy: ClassVar[bool] = True
    shares_redis: ClassVar[bool] = True
    probes_by_command: ClassVar[bool] = True
    fixed_addresses: ClassVar[bool] = True

    @property
    def machine(self) -> str | None:
        """The host on which it runs, by its name."""
        return self.host

    @property
    def private_network(self) -> str | None:
        """The private network of its host, which nobody else is in."""
        return self.host

    @property
    def named_hosts(self) -> dict[str, str]:
        """The one on which it runs."""
        return {"host": self.host}


@place
class DockerPostgres(DatabasePlace):
    """A container with PostgreSQL and pgvector."""

    where: Literal["docker"] = Field(description="A container on a host")
    host: Name = Field(description="On which one of smarteros:hosts")
    cpus: float = Field(1.0, ge=0.1, description="How many CPUs the container may use")
    memory_mb: int = Field(2048, ge=512, description="How much memory the container may use, in MB")
    max_connections: int = Field(100, ge=20, le=1000, description="How many connections it takes at once")
    data_gb: int = Field(10, ge=1, description="How much its databases are expected to grow to, in GB")
    wal_kept_gb: int = Field(
        4,
        ge=1,
        le=1024,
        description="How much of its write-ahead log it keeps for a receiver that is away, in GB. Past that the "
        "database goes on, and the receiver has lost its place",
    )

    called: ClassVar[str] = "a host"
    preference: ClassVar[int] = 0
    admin: ClassVar[str] = DOCKER_ADMIN
    streams_wal: ClassVar[bool] = True

    @property
    def machine(self) -> str | None:
        """The host on which it runs, by its name."""
        return self.host

    @property
    def private_network(self) -> str | None:
        """The private network of its host, which nobody else is in."""
        return self.host

    @property
    def named_hosts(self) -> dict[str, str]:
        """The one on which it runs."""
        return {"host": self.host}

    @property
    def described(self) -> str:
        """Its host, as tables and messages name it."""
        return f"on {self.host}"

    @property
    def connections(self) -> int:
        """All but those that PostgreSQL keeps for its superuser, and those of who streams its log."""
        return self.max_connections - SUPERUSER_CONNECTIONS - WAL_CONNECTIONS

    def too_few(self, wanted: int) -> TooFew:
        """More of them, and the memory that they need."""
        enough = wanted + SUPERUSER_CONNECTIONS + WAL_CONNECTIONS
        return TooFew(
            key="maxConnections",
            value=self.max_connections,
            beside=f" ({SUPERUSER_CONNECTIONS} are the superuser's, {WAL_CONNECTIONS} the log's receiver's)",
            mend=f"maxConnections: {enough}, with memoryMb: {min_memory_mb(enough)} or more",
        )

    def lets_in(self, here: Place) -> bool:
        """What runs on the same host: nothing else is in its network."""
        return here.machine == self.host

    def forwarded(self, server: str, index: int, names: Names, hosts: Iterable[Host]) -> tuple[str, str]:
        """Its fixed address in the host's data network."""
        host = next(host for host in hosts if host.name == self.host)
        return host.name, data_address(host, index)

    def footprint(self, server: str) -> tuple[Container, ...]:
        """The one container that it is."""
        return (
            server_container(
                server,
                cpus=self.cpus,
                memory_mb=self.memory_mb,
                max_connections=self.max_connections,
                data_gb=self.data_gb,
                wal_kept_gb=self.wal_kept_gb,
            ),
        )
