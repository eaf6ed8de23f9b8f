"""What a scaffold is made of, as a declaration; `scaffold.write` reads it. Nothing is written or looked at here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kept.operator_error import OperatorError

__all__ = ["Insertion", "Scaffold", "ScaffoldRefused", "Words"]

Words = Mapping[str, str]
"""Placeholder → its text, for the templates, the paths and the sentences of one new thing."""


class ScaffoldRefused(OperatorError):
    """Nothing was written: the name is none, or taken, or a file is not as the scaffold expects it. The text says which
    file or name, why, and how to mend it.
    """

    exit_code = 2

    def for_operator(self) -> str:
        """Its text, and that the clone is as it was."""
        return f"{self}\nnothing was written"


@dataclass(frozen=True, kw_only=True)
class Insertion:
    """A template's lines, put at the end of a table or of a class that an existing file has."""

    path: str
    into: str
    """The name at the file's top level: a literal of several lines, or a class with fields."""
    template: str
    before: str = ""
    """A text inside the table: the lines come before the first line that has it, instead of at the end."""
    imports: str = ""
    """What the lines need, as an import; empty for nothing. Its place is the linter's business."""


@dataclass(frozen=True, kw_only=True)
class Scaffold:
    """One kind of thing that can be begun. Paths and sentences may hold placeholders, as `$identifier`."""

    kind: str
    about: str
    pattern: re.Pattern[str]
    """What a whole name looks like."""
    shape: str
    """The same in words, with an example."""
    words: Callable[[str], Words]
    """The placeholders of a name; `identifier` is among them."""
    files: Mapping[str, str]
    """Template → path of the new file, from the clone's root."""
    insertions: tuple[Insertion, ...] = ()
    taken: Callable[[str], str | None]
    """What has a name already, where no file shows it, or why there can be none of it, and how to mend that."""
    test: str
    """The test that fails until the new thing is written."""
    fails: str
    """What that test says."""
    left: tuple[str, ...]
    """What is left to do, in its order."""
