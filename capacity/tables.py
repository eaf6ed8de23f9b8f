"""The report as tables: the same for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from capacity.report import Report
from settings.capacity import (
    FREE_DISK,
    HOST_RESERVE_CPU,
    HOST_RESERVE_MB,
    HostCapacity,
    Part,
    ServerCapacity,
    Sum,
    number,
)

__all__ = ["Table", "tables"]

_COLUMNS = ("service", "container", "CPU min", "CPU limit", "MB min", "MB limit", "MB disk", "connections")
_SOURCE = "who says the minimum"


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of texts below a title. What is right-aligned is a number."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sums: tuple[tuple[str, ...], ...]
    """The rows that close it."""

    def is_number(self, column: int) -> bool:
        """Whether a column holds numbers."""
        return self.columns[column] not in ("service", "container", _SOURCE)


def tables(report: Report) -> Iterator[Table]:
    """One a host, one a kind of place whose machines are the vendor's, one a database server."""
    yield from (_host(held) for held in report.hosts)
    for one in report.elsewhere:
        title = f"{one.runs_as} ({one.whose})"
        yield Table(title=title, columns=(*_COLUMNS, _SOURCE), rows=_rows(one.parts), sums=())
    yield from (_server(held) for held in report.servers)


def _host(held: HostCapacity) -> Table:
    host, beside = held.host, sum(held.disk_beside.values())
    own = ("Docker and the system", "", f"{HOST_RESERVE_CPU:g}", "", "", str(HOST_RESERVE_MB), number(beside), "")
    why = "ours: Ubuntu, logs, two versions of the images (settings/capacity.py)"
    return Table(
        title=f"{host.name}: {host.cpus} CPUs, {host.memory_mb} MB, {host.disk_gb} GB of disk",
        columns=(*_COLUMNS, _SOURCE),
        rows=(*_rows(held.parts), (*own, why)),
        sums=_sums(held),
    )


def _sums(held: HostCapacity) -> tuple[tuple[str, ...], ...]:
    memory, cpu, disk = held.memory, held.cpu, held.disk
    least = sum(one.min_memory_mb for one in held.lasting)
    limits = sum(one.cpu for one in held.lasting)
    used = (number(cpu.used + HOST_RESERVE_CPU), number(limits), number(least), number(memory.used + HOST_RESERVE_MB))
    promised = f"the CPU limits promise {held.cpu_overcommitted:.1f} times the machine's"
    there = (number(held.host.cpus), "", "", number(held.host.memory_mb), number(disk.room), "")
    return (
        ("together", "", *used, number(disk.used), "", promised),
        ("there is", "", *there, f"of the disk, {FREE_DISK:.0%} stay free"),
        ("verdict", "", _verdict(cpu), "", "", _verdict(memory), _verdict(disk), "", ""),
    )


def _rows(parts: Sequence[Part]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            part.path[1] if part.path[0] == "services" else "/".join(part.path),
            part.container.name,
            number(part.container.min_cpu),
            number(part.container.cpu),
            number(part.container.min_memory_mb),
            f"({number(part.container.memory_mb)})" if part.container.passing else number(part.container.memory_mb),
            "" if part.container.passing else number(part.container.disk_mb),
            number(part.connections) if part.connections else "",
            part.container.source,
        )
        for part in parts
    )


def _server(held: ServerCapacity) -> Table:
    one, place = held.connections, held.server.placement
    return Table(
        title=f"database server {held.server.name} ({place.described}): {number(one.room)} connections",
        columns=("service", "connections"),
        rows=tuple((name, number(part)) for name, part in one.parts.items() if part),
        sums=(("together", number(one.used)), ("there is", number(one.room)), ("verdict", _verdict(one))),
    )


def _verdict(one: Sum) -> str:
    return "fits" if one.fits else f"{number(one.used - one.room)} too few"
