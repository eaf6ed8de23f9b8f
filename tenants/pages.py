"""The tables of docs/tenants.md that say what a tenant consists of, made of what each step says of itself.

`python -m tenants.pages` writes them into the page; a test compares. The text around them is the page's own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from kept import publish
from tenants.documented import NONE, Has, Isolated, Kept
from tenants.steps import steps

__all__ = ["PAGE", "main", "with_tables"]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "tenants.md"
# What no step has, said where it is looked for.
_NOT_HERE = Kept(
    what="accounts inside applications",
    isolated_by=NONE,
    export="not at all (known gap)",
    restore="not at all",
    erase="not at all",
)


def with_tables(page: str) -> str:
    """The page with its tables as the steps are. Raises LookupError where it has one of them no more."""
    documented = [step.documented for step in steps()]
    tables: tuple[tuple[type[Any], Iterable[Any]], ...] = (
        (Has, (row for one in documented for row in one.has)),
        (Kept, (*(row for one in documented for row in one.kept), _NOT_HERE)),
        (Isolated, (row for one in documented for row in one.isolated)),
    )
    for kind, rows in tables:
        page = _with_table(page, kind, rows)
    return page


def _with_table(page: str, kind: type[Any], rows: Iterable[Any]) -> str:
    names = [field.name.replace("_", " ") for field in fields(kind)]
    names[0] = "" if names[0] == "what" else names[0]
    head = f"{_row(names)}\n{_row(['---'] * len(names))}\n"
    before, found, after = page.partition(head)
    if not found:
        raise LookupError(f"{PAGE.name} has no table {head.splitlines()[0]}. Fix: git checkout -- docs/{PAGE.name}")
    _, end, rest = after.partition("\n\n")
    table = "".join(f"{_row(astuple(row))}\n" for row in rows)
    return f"{before}{head}{table}{end[1:]}{rest}"


def _row(cells: Iterable[str]) -> str:
    return "".join(f"| {cell} " if cell else "| " for cell in cells) + "|"


def main() -> int:
    """Writes the page, where it is not as the steps are."""
    before = PAGE.read_text(encoding="utf-8")
    after = with_tables(before)
    if after != before:
        publish(PAGE, after)
    print("docs/tenants.md" if after != before else "up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
