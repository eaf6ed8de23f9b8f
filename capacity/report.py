"""What an environment needs and has: as it is, or as it would be with another profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from settings import Problem, Settings
from settings.capacity import (
    HOST_RESERVE_CPU,
    HOST_RESERVE_MB,
    HostCapacity,
    Part,
    ServerCapacity,
    Sum,
    VendorsMachines,
    host_capacity,
    number,
    on_vendors_machines,
    server_capacity,
)
from settings.capacity_checks import CAPACITY_CHECKS
from settings.database_server import DatabaseServer
from settings.parts import Host
from settings.profiles import with_profile
from settings.reading import problems_across
from settings.services import Container, PlatformServices
from settings.systems import SYSTEMS

__all__ = ["SPECIFICATION", "Report", "minimum_of", "problem_of_host", "report_of"]

SPECIFICATION = Host.model_validate({"name": "specification", "cpus": 2, "memoryMb": 8192, "diskGb": 100})
"""The machine on which the system's specification puts all services ("Production (VPS)": 2 cores, 8 GB, 100 GB)."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What an environment needs, and whether it has it."""

    stack: str
    system: str
    profile: str
    """The one that was asked for, or the stack's own."""
    hosts: tuple[HostCapacity, ...]
    elsewhere: tuple[VendorsMachines, ...]
    """What runs on machines of a vendor's own, which are not counted."""
    servers: tuple[ServerCapacity, ...]
    problems: tuple[Problem, ...]

    @property
    def fits(self) -> bool:
        """Whether there is room for everything."""
        return not self.problems

    def facts(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {
            "ok": self.fits,
            "stack": self.stack,
            "profile": self.profile,
            "hosts": [_host_facts(one) for one in self.hosts],
            "azure": [],  # always there: who reads it need not ask whether
            **{one.where: [_part_facts(part) for part in one.parts] for one in self.elsewhere},
            "databaseServers": [
                {"name": one.server.name, "connections": _sum_facts(one.connections)} for one in self.servers
            ],
            "problems": [str(problem) for problem in self.problems],
        }


def report_of(settings: Settings, profile: str = "") -> Report:
    """An environment as its settings say; or with the services of another profile."""
    hosts, servers, services = settings.hosts, settings.database_servers, settings.services
    if profile:
        services = with_profile(SYSTEMS[settings.system].profiles[profile], hosts, servers, services)
    return Report(
        stack=settings.stack,
        system=settings.system,
        profile=profile or settings.profile,
        hosts=tuple(host_capacity(host, servers, services) for host in hosts),
        elsewhere=on_vendors_machines(services),
        servers=tuple(server_capacity(server, services) for server in servers),
        problems=tuple(_problems(settings.stack, hosts, servers, services)),
    )


def minimum_of(system: str, profile: str) -> HostCapacity:
    """A profile on the specification's machine, where each container gets what its vendor says that it needs at least.

    All of it is there, n8n and the PostgreSQL server for everybody included: the specification has one machine.
    """
    server = _server(100)
    declared = SYSTEMS[system]
    none = declared.services.model_validate({})
    services = with_profile(declared.profiles[profile], (SPECIFICATION,), (server,), none)
    wanted = server_capacity(server, services).connections
    server = _server(max(20, int(wanted.used)) + 3)
    held = host_capacity(SPECIFICATION, (server,), services)
    return HostCapacity(host=held.host, parts=tuple(_at_least(part) for part in held.parts))


def problem_of_host(held: HostCapacity) -> Iterator[str]:
    """What does not fit on a machine, in a few words each."""
    for name, unit, one in (("memory", "MB", held.memory), ("CPU", "CPUs", held.cpu), ("disk", "MB", held.disk)):
        if not one.fits:
            yield (
                f"{name}: {number(one.used)} {unit} wanted, room for {number(one.room)}, "
                f"{number(one.used - one.room)} too little"
            )


def _server(max_connections: int) -> DatabaseServer:
    placement = {"where": "docker", "host": SPECIFICATION.name, "maxConnections": max_connections}
    return DatabaseServer.model_validate({"name": "all", "placement": placement})


def _at_least(part: Part) -> Part:
    one = part.container
    least = Container(
        name=one.name,
        cpu=one.min_cpu,
        memory_mb=one.min_memory_mb,
        min_cpu=one.min_cpu,
        min_memory_mb=one.min_memory_mb,
        disk_mb=one.disk_mb,
        source=one.source,
        passing=one.passing,
    )
    return Part(path=part.path, container=least, connections=part.connections)


def _problems(
    stack: str, hosts: Sequence[Host], servers: Sequence[DatabaseServer], services: PlatformServices
) -> Iterator[Problem]:
    parts = {"hosts": hosts, "database_servers": servers, "services": services}
    yield from problems_across(f"Pulumi.{stack}.yaml", parts, CAPACITY_CHECKS)


def _host_facts(held: HostCapacity) -> dict[str, Any]:
    return {
        "name": held.host.name,
        "cpus": held.host.cpus,
        "memoryMb": held.host.memory_mb,
        "diskGb": held.host.disk_gb,
        "reserved": {"cpus": HOST_RESERVE_CPU, "memoryMb": HOST_RESERVE_MB},
        "containers": [_part_facts(part) for part in held.parts],
        "memory": _sum_facts(held.memory),
        "cpu": _sum_facts(held.cpu),
        "cpuOvercommitted": round(held.cpu_overcommitted, 2),
        "disk": _sum_facts(held.disk),
    }


def _part_facts(part: Part) -> dict[str, Any]:
    one = part.container
    return {
        "service": "/".join(part.path),
        "container": one.name,
        "cpu": {"least": one.min_cpu, "limit": one.cpu},
        "memoryMb": {"least": one.min_memory_mb, "limit": one.memory_mb},
        "diskMb": one.disk_mb,
        "connections": part.connections,
        "passing": one.passing,
        "source": one.source,
    }


def _sum_facts(one: Sum) -> dict[str, Any]:
    return {"used": round(one.used, 2), "room": round(one.room, 2), "fits": one.fits}
