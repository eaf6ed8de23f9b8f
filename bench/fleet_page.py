"""Makes the table and the curve of docs/performance.md from what was measured, and from nothing else."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.fleet import UNCHANGED_CORE_S, Measured, figures

__all__ = ["CURVE", "DATA", "PAGE", "curve", "filled", "read", "table", "write"]

DATA, CURVE, PAGE = "docs/performance.json", "docs/performance.svg", "docs/performance.md"
BEGIN, END = "<!-- measured: ./smos bench fleet --write -->", "<!-- end of what was measured -->"
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 320, 60, 30, 20, 50


def read(root: Path) -> Measured:
    """What was measured last and kept."""
    return Measured(**json.loads((root / DATA).read_text()))


def write(found: Measured, root: Path) -> None:
    """Keeps it, and brings page and curve up to date."""
    (root / DATA).write_text(json.dumps(dataclasses.asdict(found), indent=1) + "\n")
    (root / CURVE).write_text(curve(found))
    page = root / PAGE
    page.write_text(filled(page.read_text(), found))


def filled(page: str, found: Measured) -> str:
    """The page with what was measured in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(found)}{END}{after}"


def table(found: Measured) -> str:
    """What was measured, in words and numbers."""
    loop, begin, end = found.loop, *found.load
    lines = [
        f"Measured on {found.at}, on {found.cores} processors, with a load of {begin} before and {end} after; a tenant",
        f"has {found.resources} resources (components and providers included). In core-seconds, those of the simulated",
        "clouds included.",
        "",
        "| tenants | made, each | one more made | unchanged, each | one more unchanged | all of them, on the clock "
        f"| {found.sizes[-1].get('few', 'few')} changed, on the clock | memory, at most |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *_rows(found),
        "",
        f"A run on no tenant takes {found.nobody_core_s:.2f} core-seconds; the first also pays for what all import.",
        "",
        f"| {loop['tenants']} unchanged tenants | on the clock | core-seconds a tenant |",
        "| --- | ---: | ---: |",
        f"| a plain loop of `stack.up()` | {loop['loop_seconds']:.1f} s | {loop['loop_core_s']:.2f} |",
        f"| the fleet, {loop['workers']} workers | {loop['fleet_seconds']:.1f} s | {loop['fleet_core_s']:.2f} |",
        f"| ratio | {loop['ratio']:.1f} | {loop['loop_core_s'] / loop['fleet_core_s']:.1f} |",
        "",
        "| promised | measured | limit | holds |",
        "| --- | ---: | ---: | --- |",
        *(
            f"| {one.name} | {one.value:g} {one.unit} | {one.limit:.3g} {one.unit} | {'yes' if one.holds else 'no'} |"
            for one in figures(found)
        ),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _rows(found: Measured) -> Iterator[str]:
    columns = [one(key) for key in ("created_core_s", "unchanged_core_s") for one in (found.each, found.marginal)]
    for size, *values in zip(found.sizes, *columns, strict=True):
        costs = " | ".join(f"{one:.2f}" for one in values)
        few = f"{size['few_seconds']:.1f} s" if "few_seconds" in size else "not measured"
        whole = f"{size['unchanged_seconds']:.1f} s"
        yield f"| {size['tenants']} | {costs} | {whole} | {few} | {size['peak_memory_mb']} MB |"


def curve(found: Measured) -> str:
    """Core-seconds a tenant over the number of tenants."""
    counts = [int(size["tenants"]) for size in found.sizes]
    lines = {
        "made": ("#b45309", found.each("created_core_s")),
        "unchanged": ("#1d4ed8", found.each("unchanged_core_s")),
    }
    top = math.ceil(max(max(values) for _, values in lines.values()) * 5) / 5
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="18">core-seconds a tenant, by the number of tenants ({found.cores} processors)</text>',
    ]
    for step in range(round(top * 5) + 1):
        y = _y(step / 5, top)
        parts.append(f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{step / 5:.1f}</text>')
    limit = _y(UNCHANGED_CORE_S, top)
    parts.append(
        f'<line x1="{LEFT}" y1="{limit}" x2="{WIDTH - RIGHT}" y2="{limit}" stroke="#1d4ed8" stroke-dasharray="4 4"/>'
    )
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{limit - 5}" text-anchor="end" fill="#1d4ed8">limit, unchanged</text>')
    for count in counts:
        parts.append(f'<text x="{_x(count, counts)}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{count}</text>')
    for name, (colour, values) in lines.items():
        points = [(_x(count, counts), _y(value, top)) for count, value in zip(counts, values, strict=True)]
        parts.append(f'<polyline points="{" ".join(f"{x},{y}" for x, y in points)}" fill="none" stroke="{colour}"/>')
        for (x, y), value in zip(points, values, strict=True):
            parts.append(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>')
            parts.append(f'<text x="{x}" y="{y - 7}" text-anchor="middle" fill="{colour}">{value:.2f}</text>')
        parts.append(
            f'<text x="{points[-1][0] - 8}" y="{points[-1][1] + 16}" text-anchor="end" fill="{colour}">{name}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(count: int, counts: Sequence[int]) -> float:
    """Each ten times more is as far again."""
    width = math.log10(max(counts)) or 1.0
    return round(LEFT + 30 + (WIDTH - LEFT - RIGHT - 70) * math.log10(count) / width, 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1)
