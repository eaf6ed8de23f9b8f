"""What a machine and a database server must hold, and what they have: sums of what each container may use at most, and
of what its vendor says that it needs at least.

Knows no service by name: it asks each for its containers and its connections. Pure arithmetic; whether a run is refused
is the business of settings.capacity_checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from settings.database_server import DatabaseServer
from settings.parts import Host
from settings.places import Place
from settings.postgres import PROGRAM_CONNECTIONS
from settings.services import Container, PlatformServices, Service

__all__ = [
    "HOST_RESERVE_CPU",
    "HOST_RESERVE_MB",
    "HostCapacity",
    "Part",
    "ServerCapacity",
    "Sum",
    "VendorsMachines",
    "connections_held",
    "host_capacity",
    "on_vendors_machines",
    "server_capacity",
    "usable_disk_mb",
]

# Ubuntu with systemd, journald, sshd and unattended upgrades; what is left of it is cache, which every database needs.
SYSTEM_MB = 512
# dockerd and containerd together about 160 MB, a shim of some 10 MB for each container, DNS of the networks.
DOCKER_MB = 512
HOST_RESERVE_MB = SYSTEM_MB + DOCKER_MB
# Health checks start a process in each container every 10 to 15 s; logs, sshd, upgrades.
HOST_RESERVE_CPU = 0.25
# Ubuntu, its packages and their downloads; the journal, which journald.conf(5) lets grow to 4 GB.
SYSTEM_DISK_MB = 10 * 1024
# The two versions that are there while a service is upgraded. The largest images here have 1 to 2 GB unpacked.
IMAGES_MB = 2 * 2048
# Each container's, as every one here is declared: 3 files of 10 MB.
LOGS_MB = 30
# A file system that is full stops every database on it. What is free is also where a dump goes before it leaves.
FREE_DISK = 0.15
# A disk's GB has 10⁹ bytes, an MB here 2²⁰.
MB_OF_DISK_GB = 10**9 // 2**20
# Of every database server, beside the services: the program's, or those of several tenants' programs side by side,
# which are no more (they take turns); 4 for dumps and a look.
OPERATORS, OPERATORS_CONNECTIONS = "operators", PROGRAM_CONNECTIONS + 4


@dataclass(frozen=True, kw_only=True)
class Part:
    """One container, and whose it is."""

    path: tuple[str, str]
    """Where in the settings: ("services", "n8n") or ("databaseServers", "vps")."""
    container: Container
    connections: int = 0
    """To its service's database server; told once a service, at its first container."""


@dataclass(frozen=True, kw_only=True)
class Sum:
    """What is wanted of one thing, and how much of it there is."""

    parts: Mapping[str, float]
    """What wants it → how much."""
    room: float

    @property
    def used(self) -> float:
        """The sum of all parts."""
        return sum(self.parts.values())

    @property
    def fits(self) -> bool:
        """Whether there is room, rounding aside."""
        return self.used <= self.room + 1e-9

    def __str__(self) -> str:
        return ", ".join(f"{name} {number(part)}" for name, part in self.parts.items() if part)


@dataclass(frozen=True, kw_only=True)
class HostCapacity:
    """A machine, and what runs on it."""

    host: Host
    parts: tuple[Part, ...]

    @property
    def lasting(self) -> tuple[Container, ...]:
        """The containers that run side by side."""
        return tuple(part.container for part in self.parts if not part.container.passing)

    @property
    def memory(self) -> Sum:
        """The limits: memory that is promised twice ends a database."""
        return Sum(
            parts={one.name: one.memory_mb for one in self.lasting},
            room=self.host.memory_mb - HOST_RESERVE_MB,
        )

    def memory_at_start(self, passing: Part) -> Sum:
        """The limits while a service is prepared: beside it runs everything but its own service."""
        others = {
            part.container.name: part.container.memory_mb
            for part in self.parts
            if not part.container.passing and part.path != passing.path
        }
        own = {passing.container.name: passing.container.memory_mb}
        return Sum(parts=others | own, room=self.host.memory_mb - HOST_RESERVE_MB)

    @property
    def cpu(self) -> Sum:
        """What the vendors ask for at least. The limits may promise more than there is: see `cpu_overcommitted`."""
        return Sum(parts={one.name: one.min_cpu for one in self.lasting}, room=self.host.cpus - HOST_RESERVE_CPU)

    @property
    def cpu_overcommitted(self) -> float:
        """How many times the machine's CPUs the limits promise."""
        return sum(one.cpu for one in self.lasting) / self.host.cpus

    @property
    def disk(self) -> Sum:
        """Volumes, and beside them images, logs and the system. What prepares a service has that one's volumes."""
        volumes = {one.name: one.disk_mb for one in self.lasting}
        return Sum(parts=volumes | self.disk_beside, room=usable_disk_mb(self.host.disk_gb))

    @property
    def disk_beside(self) -> dict[str, float]:
        """What fills the disk beside the volumes."""
        services = {part.path for part in self.parts}
        return {
            "images": IMAGES_MB * len(services),
            "logs": LOGS_MB * len(self.parts),
            "the system": SYSTEM_DISK_MB,
        }


@dataclass(frozen=True, kw_only=True)
class VendorsMachines:
    """What runs in one kind of place, on machines that are its vendor's."""

    where: str
    runs_as: str
    called: str
    parts: tuple[Part, ...]

    @property
    def whose(self) -> str:
        """Who looks after the machines, in a sentence."""
        return f"the machines are {self.called}'s"


@dataclass(frozen=True, kw_only=True)
class ServerCapacity:
    """A database server, and who connects to it."""

    server: DatabaseServer
    connections: Sum


def host_capacity(host: Host, database_servers: Sequence[DatabaseServer], services: PlatformServices) -> HostCapacity:
    """What a host must hold of containers, and what it has."""
    found: list[Part] = []
    for server in database_servers:
        if server.placement.machine == host.name:
            path = ("databaseServers", server.name)
            found += [Part(path=path, container=one) for one in server.placement.footprint(server.name)]
    for key, service in services.running():
        if service.place is not None and service.place.machine == host.name:
            found += _parts(key, service)
    return HostCapacity(host=host, parts=tuple(found))


def on_vendors_machines(services: PlatformServices) -> tuple[VendorsMachines, ...]:
    """What runs where the machines are the vendor's, by its kind of place: there is nothing to add up there."""
    found: dict[str, list[Part]] = {}
    places: dict[str, Place] = {}
    for key, service in services.running():
        place = service.place
        if place is not None and place.runs_as:
            places.setdefault(place.where, place)
            found.setdefault(place.where, []).extend(_parts(key, service))
    return tuple(
        VendorsMachines(where=where, runs_as=place.runs_as, called=place.called, parts=tuple(found[where]))
        for where, place in places.items()
    )


def server_capacity(server: DatabaseServer, services: PlatformServices) -> ServerCapacity:
    """What a database server holds. Tenants' roles are each limited, and not added up: see docs/capacity.md."""
    users = {
        key: float(connections_held(service))
        for key, service in services.running()
        if getattr(service, "database", None) == server.name
    }
    return ServerCapacity(
        server=server,
        connections=Sum(parts={**users, OPERATORS: OPERATORS_CONNECTIONS}, room=server.placement.connections),
    )


def connections_held(service: Service) -> int:
    """How many connections a service may hold at once: in some places its old containers still run while the new ones
    start.
    """
    return service.connections() * (2 if service.place is not None and service.place.overlaps_updates else 1)


def usable_disk_mb(disk_gb: int) -> int:
    """What may be filled of a disk."""
    return int(disk_gb * MB_OF_DISK_GB * (1 - FREE_DISK))


def number(value: float) -> str:
    """At most two decimals, and none that says nothing."""
    return f"{round(value, 2):g}" if value != int(value) else str(int(value))


def _parts(key: str, service: Service) -> Iterator[Part]:
    for index, container in enumerate(service.footprint(key)):
        held = connections_held(service) if index == 0 else 0
        yield Part(path=("services", key), container=container, connections=held)
