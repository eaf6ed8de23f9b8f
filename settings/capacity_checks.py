"""Whether everything fits: each host's memory, CPUs and disk, each database server's connections, each container's
least.

Looked at before anything is created. Every refusal has the sum, and what would be enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from settings.capacity import (
    FREE_DISK,
    HOST_RESERVE_CPU,
    HOST_RESERVE_MB,
    MB_OF_DISK_GB,
    HostCapacity,
    ServerCapacity,
    Sum,
    host_capacity,
    number,
    server_capacity,
)
from settings.database_server import DatabaseServer
from settings.findings import Finding
from settings.parts import Host, Setting
from settings.services import Container, PlatformServices

__all__ = ["CAPACITY_CHECKS", "host_findings", "minimum_findings", "server_findings"]

CapacityFinding = tuple[str, object, str, str]
"""The key below the thing that does not fit, the value there, why, and the mend."""


def hosts_hold(
    hosts: tuple[Host, ...], database_servers: tuple[DatabaseServer, ...], services: PlatformServices
) -> Iterator[Finding]:
    """What runs on a host fits into its memory, its CPUs and its disk, beside Docker and the system."""
    for index, host in enumerate(hosts):
        for key, value, why, mend in host_findings(host_capacity(host, database_servers, services)):
            yield ("hosts", index, key), value, why, mend


def servers_hold(database_servers: tuple[DatabaseServer, ...], services: PlatformServices) -> Iterator[Finding]:
    """A database server takes all the connections that its services may hold at once."""
    for index, server in enumerate(database_servers):
        for key, value, why, mend in server_findings(server_capacity(server, services)):
            yield ("databaseServers", index, "placement", key), value, why, mend


def minimum_sizes(database_servers: tuple[DatabaseServer, ...], services: PlatformServices) -> Iterator[Finding]:
    """No container gets less than its vendor says that it needs."""
    for index, server in enumerate(database_servers):
        for container in server.placement.footprint(server.name):
            for below, value, why, mend in minimum_findings(server.placement, container):
                yield ("databaseServers", index, "placement", *below), value, why, mend
    for key, service in services.running():
        for container in service.footprint(key):
            for below, value, why, mend in minimum_findings(service, container):
                yield ("services", key, *below), value, why, mend


CAPACITY_CHECKS: tuple[Callable[..., Iterator[Finding]], ...] = (hosts_hold, servers_hold, minimum_sizes)


def host_findings(held: HostCapacity) -> Iterator[CapacityFinding]:
    """What does not fit on a host."""
    host = held.host
    yield from _memory(held)
    if not held.cpu.fits:
        why = (
            f"what runs there needs {number(held.cpu.used)} CPUs at least ({held.cpu}); "
            f"there is room for {number(held.cpu.room)} ({host.cpus} less {HOST_RESERVE_CPU:g} for the system)"
        )
        enough = math.ceil(held.cpu.used + HOST_RESERVE_CPU)
        yield "cpus", host.cpus, why, f"fewer services there, or a host with {enough} CPUs"
    for container in held.lasting:
        if container.cpu > host.cpus:
            why = f"{container.name} may use {number(container.cpu)} CPUs, the host has {host.cpus}"
            yield "cpus", host.cpus, why, "lower its cpu, or a larger host"
    if not held.disk.fits:
        why = (
            f"what runs there is expected to fill {held.disk.used:.0f} MB ({held.disk}); there is room for "
            f"{held.disk.room:.0f} ({host.disk_gb} GB, of which {FREE_DISK:.0%} stay free)"
        )
        enough = math.ceil(held.disk.used / MB_OF_DISK_GB / (1 - FREE_DISK))
        yield "diskGb", host.disk_gb, why, f"fewer services there, or a host with {enough} GB of disk"


def _memory(held: HostCapacity) -> Iterator[CapacityFinding]:
    """Side by side; and while something is prepared that needs more than what it precedes."""
    at_start = [held.memory_at_start(part) for part in held.parts if part.container.passing]
    for wanted, when in ((held.memory, ""), *((one, ", while it is prepared,") for one in at_start)):
        if not wanted.fits:
            yield _too_much_memory(held.host, wanted, when)
            return


def _too_much_memory(host: Host, wanted: Sum, when: str) -> CapacityFinding:
    over = number(wanted.used - wanted.room)
    why = (
        f"what runs there{when} may use {number(wanted.used)} MB ({wanted}); there is room for {number(wanted.room)} "
        f"({host.memory_mb} less {HOST_RESERVE_MB} for Docker and the system), {over} too little"
    )
    enough = number(wanted.used + HOST_RESERVE_MB)
    return "memoryMb", host.memory_mb, why, f"lower a memoryMb, or a host with {enough} MB"


def server_findings(held: ServerCapacity) -> Iterator[CapacityFinding]:
    """Whether a database server takes all connections."""
    wanted, place = held.connections, held.server.placement
    if wanted.fits:
        return
    why = (
        f"its services may hold {number(wanted.used)} connections at once ({wanted}); it takes {number(wanted.room)}, "
        f"{number(wanted.used - wanted.room)} too few"
    )
    said = place.too_few(int(wanted.used))
    yield said.key, said.value, f"{why}{said.beside}", said.mend


def minimum_findings(setting: Setting, container: Container) -> Iterator[tuple[tuple[str, ...], object, str, str]]:
    """Whether a container gets what it needs at least. `told` is the part of the settings that says its size."""
    for what, unit, gets, least in (
        ("memory_mb", " MB", container.memory_mb, container.min_memory_mb),
        ("cpu", " CPU", container.cpu, container.min_cpu),
    ):
        if gets < least:
            key = _key_of(setting, what, gets)
            why = f"{container.name} gets {number(gets)}{unit}, and needs {number(least)} at least: {container.source}"
            yield key, gets, why, f"{key[0] if key else what}: {number(least)} or more"


def _key_of(setting: Setting, what: str, value: float) -> tuple[str, ...]:
    """Which key of the file says that size; none when it is not said, or by several."""
    keys = [
        str(field.alias)
        for name, field in type(setting).model_fields.items()
        if what in name and getattr(setting, name) == value
    ]
    return (keys[0],) if len(keys) == 1 else ()
