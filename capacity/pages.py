"""docs/capacity.md and its pictures: the page is written by hand, but for what stands between two marks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from capacity.picture import picture
from capacity.report import SPECIFICATION, minimum_of, problem_of_host, report_of
from capacity.tables import Table, tables
from kept import publish
from settings import load_files
from settings.capacity import HOST_RESERVE_CPU, HOST_RESERVE_MB, number
from settings.systems import SYSTEMS

__all__ = ["STACKS", "files", "markdown", "minimum_sentence", "write_pages"]

STACKS = ("prod", "backup")
BEGIN, END = "<!-- made by `./smos capacity --pages`; a test compares -->", "<!-- end of what is made -->"


def minimum_sentence(system: str, profile: str) -> str:
    """What the vendors themselves ask for at least, against the machine of the specification."""
    held = minimum_of(system, profile)
    host = SPECIFICATION
    needs = (
        f"By the vendors' own minima the profile {profile} on one machine needs {number(held.cpu.used)} CPUs and "
        f"{number(held.memory.used)} MB of memory; Docker and the system {HOST_RESERVE_CPU:g} CPUs and "
        f"{HOST_RESERVE_MB} MB more. {number(held.disk.used)} MB of disk are expected to be filled"
    )
    short = list(problem_of_host(held))
    machine = f"The specification's machine has {host.cpus} CPUs, {host.memory_mb} MB and {host.disk_gb} GB"
    return f"{needs}. {machine}: " + (f"it does not fit ({'; '.join(short)})." if short else "it fits.")


def markdown(table: Table) -> Iterator[str]:
    """A table as a page has it."""
    yield f"### {table.title}\n"
    yield f"| {' | '.join(table.columns)} |"
    yield "|" + "|".join(" ---: " if table.is_number(index) else " --- " for index in range(len(table.columns))) + "|"
    for row in table.rows:
        yield f"| {' | '.join(row)} |"
    for row in table.sums:
        yield f"| {' | '.join(f'**{cell}**' if cell else '' for cell in row)} |"
    yield ""


def files(root: Path) -> dict[Path, str]:
    """Every file of docs/ that says what the model says: its path → what must stand in it."""
    system = load_files(STACKS[0], root).system
    made: list[str] = [f"{minimum_sentence(system, profile)}\n" for profile in SYSTEMS[system].profiles]
    found: dict[Path, str] = {}
    for stack in STACKS:
        report = report_of(load_files(stack, root))
        image = root / "docs" / f"capacity-{stack}.svg"
        found[image] = picture(report)
        made.append(f"## {stack}, with profile {report.profile}\n")
        made.append(f"![What {stack} needs, and what there is]({image.name})\n")
        for table in tables(report):
            made += markdown(table)
    page = root / "docs" / "capacity.md"
    found[page] = _between(page.read_text(encoding="utf-8"), "\n".join(made).rstrip())
    return found


def write_pages(root: Path) -> list[Path]:
    """Writes them; answers those that changed."""
    changed = []
    for file, text in files(root).items():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            publish(file, text)
            changed.append(file)
    return changed


def _between(page: str, made: str) -> str:
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"
