"""Makes the table and the picture of docs/performance.md from what was measured, and from nothing else."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pygal  # type: ignore[import-untyped]  # it has no types

from bench.fleet import UNCHANGED_CORE_S, Measured, figures

__all__ = ["CURVE", "DATA", "PAGE", "curve", "filled", "read", "table", "write"]

DATA, CURVE, PAGE = "docs/performance.json", "docs/performance.svg", "docs/performance.md"
BEGIN, END = "<!-- measured: ./smos bench fleet --write -->", "<!-- end of what was measured -->"
WIDTH, HEIGHT = 720, 400
# On import, pygal adds a finder of a kind that Python has no more: whoever asks all finders would stumble on it.
sys.meta_path[:] = [one for one in sys.meta_path if hasattr(one, "find_spec")]
_HALO = ".value { paint-order: stroke !important; stroke: white !important; stroke-width: 4px !important; }"
"""A value may stand on the line of the limit."""


def read(root: Path) -> Measured:
    """What was measured last and kept."""
    return Measured(**json.loads((root / DATA).read_text()))


def write(found: Measured, root: Path) -> None:
    """Keeps it, and brings page and picture up to date."""
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
    """Core-seconds a tenant for each number of tenants, by pygal; the line across is the limit of unchanged ones."""
    made, unchanged = found.each("created_core_s"), found.each("unchanged_core_s")
    most = math.ceil(max(*made, *unchanged) * 5) / 5
    chart = pygal.Bar(
        title=f"core-seconds a tenant, by the number of tenants ({found.cores} processors)",
        width=WIDTH,
        height=HEIGHT,
        style=_style(),
        x_labels=[str(size["tenants"]) for size in found.sizes],
        y_labels=sorted({*(step / 5 for step in range(round(most * 5) + 1)), UNCHANGED_CORE_S}),
        y_labels_major=[UNCHANGED_CORE_S],
        range=(0, most),
        value_formatter=lambda value: f"{value:.2f}",
        print_values=True,
        print_values_position="top",
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        rounded_bars=2,
        css=("file://style.css", "file://graph.css", f"inline:{_HALO}"),
        js=(),
        no_prefix=True,  # the same figures make the same picture
        disable_xml_declaration=True,
        pretty_print=True,
    )
    chart.add("made", made)
    chart.add(f"unchanged (limit: {UNCHANGED_CORE_S:g})", unchanged)
    return _plain(chart.render(is_unicode=True))


def _plain(drawn: str) -> str:
    """Without the day on which it was drawn, and without what only a script would read: it is a picture in a page."""
    kept = re.sub(r"<!--.*?-->|/\*.*?\*/|<script.*?</script>", "", drawn, flags=re.DOTALL)
    return "".join(f"{line.rstrip()}\n" for line in kept.splitlines() if line.strip())


def _style() -> pygal.style.Style:
    """Dark on white, with the fonts that the reader has."""
    colours = ("#b45309", "#1d4ed8")
    return pygal.style.Style(
        background="white",
        plot_background="white",
        foreground="#334155",
        foreground_strong="#0f172a",
        foreground_subtle="#334155",
        guide_stroke_color="#e2e8f0",
        guide_stroke_dasharray="none",
        major_guide_stroke_color=colours[1],
        major_guide_stroke_dasharray="5,4",
        colors=colours,
        value_colors=colours,
        font_family="sans-serif",
        value_font_size=12,
        label_font_size=12,
        major_label_font_size=12,
        legend_font_size=12,
        title_font_size=14,
        opacity=".85",
        transition="0s",
    )
