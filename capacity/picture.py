"""The report as a picture: for each machine three bars, each a container's part of it; for each database server one.

A bar is as long as the machine is large. What does not fit goes on beyond its end, underlined. Colours tell services
apart, and numbers tell the same without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from capacity.drawing import Drawing, text_width, wrapped
from capacity.report import Report
from settings.capacity import (
    HOST_RESERVE_CPU,
    HOST_RESERVE_MB,
    MB_OF_DISK_GB,
    OPERATORS,
    HostCapacity,
    ServerCapacity,
    VendorsMachines,
    number,
)

__all__ = ["picture"]

WIDTH, MARGIN = 760, 24
INNER = WIDTH - 2 * MARGIN
BAR, LEGEND_LINE = 30, 20
# Tints on which the dark letters below have a contrast of 7 and more.
COLOURS = (
    "#bfdbfe",
    "#fed7aa",
    "#bbf7d0",
    "#fecaca",
    "#ddd6fe",
    "#fef08a",
    "#99f6e4",
    "#fbcfe8",
    "#d9f99d",
    "#bae6fd",
    "#e7d8c9",
    "#c7d2fe",
    "#fde68a",
    "#a7f3d0",
)
Colours = Mapping[str, str]
EDGE, FREE, SYSTEM, QUIET, WRONG, RIGHT = "#475569", "#f8fafc", "#cbd5e1", "#334155", "#b91c1c", "#166534"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One part of a bar."""

    label: str
    size: float
    colour: str


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar: what it measures, its pieces one after the other, and where the machine ends."""

    what: str
    label: str
    pieces: tuple[Piece, ...]
    end: float
    fits: bool


def picture(report: Report) -> str:
    """The whole, as the text of an SVG file."""
    verdict = "fits" if report.fits else "does not fit"
    drawing = Drawing(
        width=WIDTH,
        title=f"What the environment {report.stack} needs and has, with profile {report.profile}: it {verdict}",
        description=_described(report),
    )
    drawing.text(MARGIN, 34, f"{report.stack}: what it needs, and what there is", size=18, bold=True)
    drawing.text(MARGIN, 54, f"profile {report.profile}: it {verdict}", bold=True, fill=_colour(report.fits))
    y, colours = 66.0, _colours(report)
    for held in report.hosts:
        y = _host(drawing, held, colours, y + 18)
    for one in report.elsewhere:
        y = _elsewhere(drawing, one, y + 14)
    for server in report.servers:
        y = _server(drawing, server, colours, y + 14)
    return drawing.svg(int(y) + 12)


def _described(report: Report) -> str:
    sentences = []
    for held in report.hosts:
        memory, cpu, disk = (
            _of(one.used, one.room, unit)
            for one, unit in ((held.memory, "MB"), (held.cpu, "CPUs"), (held.disk, "MB of disk"))
        )
        sentences.append(f"On {held.host.name} the containers may use {memory}, need {cpu} at least, and fill {disk}.")
    sentences += [
        f"On the database server {one.server.name} they hold "
        f"{_of(one.connections.used, one.connections.room, 'connections')}."
        for one in report.servers
    ]
    return " ".join((*sentences, *(problem.why for problem in report.problems)))


def _of(used: float, room: float, unit: str) -> str:
    return f"{_grouped(used)} of {_grouped(room)} {unit}"


def _grouped(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else number(value)


def _host(drawing: Drawing, held: HostCapacity, colours: Colours, y: float) -> float:
    """A machine: its name, three bars, and what the numbers in them mean."""
    host = held.host
    name = f"{host.name}: {host.cpus} CPUs, {_grouped(host.memory_mb)} MB of memory, {host.disk_gb} GB of disk"
    drawing.text(MARGIN, y + 14, name, size=15, bold=True)
    y += 24
    for bar in _bars(held, colours):
        y = _bar(drawing, bar, y)
    return _legend(drawing, held, colours, y + 8)


def _bars(held: HostCapacity, colours: Colours) -> Iterable[Bar]:
    host, memory, cpu, disk = held.host, held.memory, held.cpu, held.disk
    disk_mb = host.disk_gb * MB_OF_DISK_GB
    kept = disk_mb - disk.room

    def pieces(sizes: Mapping[str, float], own: float) -> tuple[Piece, ...]:
        found = [
            Piece(label=str(index), size=sizes[part.container.name], colour=colours[part.path[1]])
            for index, part in enumerate(held.parts, start=1)
            if sizes.get(part.container.name)
        ]
        return (Piece(label="system", size=own, colour=SYSTEM), *found)

    yield Bar(
        what="Memory that they may use",
        label=_of(memory.used + HOST_RESERVE_MB, host.memory_mb, "MB"),
        pieces=pieces(memory.parts, HOST_RESERVE_MB),
        end=host.memory_mb,
        fits=memory.fits,
    )
    yield Bar(
        what="CPUs that they need at least",
        label=f"{_of(cpu.used + HOST_RESERVE_CPU, host.cpus, 'CPUs')}; limits: {held.cpu_overcommitted:.1f} times",
        pieces=pieces(cpu.parts, HOST_RESERVE_CPU),
        end=host.cpus,
        fits=cpu.fits,
    )
    own = {name: size for name, size in disk.parts.items() if name not in held.disk_beside}
    yield Bar(
        what="Disk that they are expected to fill",
        label=f"{disk.used / 1024:.0f} of {disk.room / 1024:.0f} GiB; {kept / 1024:.0f} stay free",
        pieces=pieces(own, sum(held.disk_beside.values())),
        end=disk.room,
        fits=disk.fits,
    )


def _bar(drawing: Drawing, bar: Bar, y: float) -> float:
    """Its name and its sum above it; beyond the machine's end only where it does not fit."""
    drawing.text(MARGIN, y + 13, bar.what)
    label = bar.label if bar.fits else f"{bar.label}: too much (underlined)"
    drawing.text(WIDTH - MARGIN, y + 13, label, anchor="end", bold=not bar.fits, fill=_colour(bar.fits, QUIET))
    top = y + 19
    scale = INNER / max(bar.end, sum(piece.size for piece in bar.pieces))
    drawing.rect(MARGIN, top, bar.end * scale, BAR, FREE, EDGE)
    x = float(MARGIN)
    for piece in bar.pieces:
        width = piece.size * scale
        drawing.rect(round(x, 1), top, round(width, 1), BAR, piece.colour, EDGE)
        if text_width(piece.label, 11) + 4 <= width:
            drawing.text(round(x + width / 2, 1), top + 19, piece.label, size=11, anchor="middle")
        x += width
    end = MARGIN + bar.end * scale
    if x > end + 1:
        drawing.rect(round(end, 1), top + BAR + 2, round(x - end, 1), 4, WRONG)
    return top + BAR + 10


def _legend(drawing: Drawing, held: HostCapacity, colours: Colours, y: float) -> float:
    """Which number is which container: two columns, read downwards."""
    column = INNER / 2 + 8
    half = (len(held.parts) + 1) // 2
    for left in (MARGIN, MARGIN + column):
        for offset, words in ((210, "MB"), (262, "CPU"), (330, "disk, GiB")):
            drawing.text(left + offset, y + 10, words, size=11, anchor="end", fill=QUIET)
    for index, part in enumerate(held.parts):
        x = MARGIN + column * (index // half)
        line = y + 16 + LEGEND_LINE * (index % half)
        one = part.container
        drawing.rect(x, line, 20, 15, colours[part.path[1]], EDGE)
        drawing.text(x + 10, line + 11.5, str(index + 1), size=11, anchor="middle")
        drawing.text(x + 26, line + 12, one.name)
        memory = f"({one.memory_mb:,})" if one.passing else f"{one.memory_mb:,}"
        drawing.text(x + 210, line + 12, memory, anchor="end")
        drawing.text(x + 262, line + 12, "" if one.passing else number(one.min_cpu), anchor="end")
        disk = "" if one.passing or one.disk_mb < 100 else f"{one.disk_mb / 1024:.1f}"
        drawing.text(x + 330, line + 12, disk, anchor="end")
    y += 16 + LEGEND_LINE * half
    passing = any(part.container.passing for part in held.parts)
    sentences = "Grey: Docker and the system." + " In parentheses: ends before its service starts." * passing
    drawing.text(MARGIN, y + 12, sentences, size=11, fill=QUIET)
    return y + 16


def _elsewhere(drawing: Drawing, held: VendorsMachines, y: float) -> float:
    drawing.text(MARGIN, y + 14, f"{held.runs_as}: {held.whose}", size=15, bold=True)
    containers = [part.container for part in held.parts]
    sentences = [f"{one.name} {one.memory_mb:,} MB, {number(one.cpu)} CPU;" for one in containers]
    return _lines(drawing, [word for text in sentences for word in text.split(" ")], y + 22)


def _server(drawing: Drawing, held: ServerCapacity, colours: Colours, y: float) -> float:
    """A database server: who may hold how many of its connections."""
    one, place = held.connections, held.server.placement
    drawing.text(MARGIN, y + 14, f"Database server {held.server.name} ({place.described})", size=15, bold=True)
    users = {name: size for name, size in one.parts.items() if size}
    pieces = tuple(Piece(label=name, size=size, colour=colours[name]) for name, size in users.items())
    label = _of(one.used, one.room, "connections")
    bar = Bar(what="Connections that they may hold", label=label, pieces=pieces, end=one.room, fits=one.fits)
    y = _bar(drawing, bar, y + 22)
    listed = [word for name, size in users.items() for word in (name, f"{number(size)};")]
    return _lines(drawing, listed, y - 1)


def _lines(drawing: Drawing, words: Sequence[str], y: float) -> float:
    """Words in as many lines as they need; what closes the last one is a full stop."""
    closed = [*words[:-1], words[-1].removesuffix(";") + "."]
    for line in wrapped(closed, INNER, 12):
        drawing.text(MARGIN, y + 13, line, fill=QUIET)
        y += 17
    return y


def _colours(report: Report) -> Colours:
    """A colour for each service, the same in every bar."""
    parts = [part.path[1] for held in report.hosts for part in held.parts]
    users = [name for server in report.servers for name in server.connections.parts if name != OPERATORS]
    names = dict.fromkeys((*parts, *users))
    return {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(names)} | {OPERATORS: SYSTEM}


def _colour(fits: bool, right: str = RIGHT) -> str:
    return right if fits else WRONG
