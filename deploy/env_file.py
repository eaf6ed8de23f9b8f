"""Reads a filled template of an .env file into the keyring: all of it, or, with everything that is wrong, nothing.

A message names the line and the variable, never what stands behind it. A line that is no `NAME=value` is told by its
number alone, for it may be a key that lost its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from age_keyring import Keyring
from settings import SHAPES, Problem
from settings.problems import did_you_mean
from settings.templates import Group, Key

__all__ = ["Imported", "known_variables", "problems_in", "put", "read"]

LARGEST = 64 * 1024
_LINE = re.compile(r"(?:export\s+)?([A-Z][A-Z0-9_]*)=(.*)")


@dataclass(frozen=True)
class Given:
    """A line that gives a value."""

    line: int
    variable: str
    value: str


@dataclass(frozen=True)
class Imported:
    """What came of it: entries, no values."""

    stored: tuple[str, ...]
    there: tuple[str, ...]
    """Those that had the same value already."""


def known_variables(groups: Iterable[Group]) -> tuple[dict[str, Key], dict[str, str]]:
    """Variable → what it is in the keyring; and those that are no secret → where they stand instead."""
    listed = list(groups)
    keys = {key.variable: key for group in listed for key in group.keys}
    return keys, {plain.variable: plain.path for group in listed for plain in group.plain}


def read(file: Path) -> tuple[list[Given], list[Problem]]:
    """The values in a file, and the lines that can't be read. A variable without a value is not filled in."""
    try:
        content = file.read_bytes()
        if len(content) > LARGEST:
            return [], [Problem(file.name, "", "", "larger than 64 KB", "a filled template of ./smos env template")]
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not a text in UTF-8"
        return [], [Problem(file.name, "", "", f"can't be read ({why})", "a filled template of ./smos env template")]
    given: list[Given] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        found = _LINE.fullmatch(stripped)
        if found and _bare(found[2]):
            given.append(Given(number, found[1], _bare(found[2])))
        elif stripped and not stripped.startswith("#") and not found:
            problems.append(_problem(file, number, "", "not NAME=value", "one variable a line, or # before a remark"))
    return given, problems


def problems_in(
    file: Path, given: Iterable[Given], keyring: Keyring, groups: Iterable[Group], *, replace: bool
) -> Iterator[Problem]:
    """Everything because of which nothing is stored."""
    keys, plain = known_variables(groups)
    seen: dict[str, int] = {}
    for one in given:
        name, key = one.variable, keys.get(one.variable)
        if name in seen:
            yield _problem(file, one.line, name, f"given in line {seen[name]} already", "one of the two")
        elif name in plain:
            yield _problem(file, one.line, name, "no secret", f"{plain[name]} in Pulumi.<stack>.yaml")
        elif key is None:
            yield _problem(file, one.line, name, "no account or service has this variable", did_you_mean(name, keys))
        elif not SHAPES[key.secret.kind].fits(one.value):
            shape = SHAPES[key.secret.kind]
            yield _problem(file, one.line, name, shape.why, shape.mend)
        elif not replace and keyring.find(key.entry) not in (None, one.value):
            yield _problem(file, one.line, name, f"{key.entry} is there already, with another value", "--replace")
        seen.setdefault(name, one.line)


def put(given: Iterable[Given], keyring: Keyring, keys: Mapping[str, Key]) -> Imported:
    """Stores what was found right."""
    stored: list[str] = []
    there: list[str] = []
    for one in given:
        entry = keys[one.variable].entry
        (there if keyring.find(entry) == one.value else stored).append(entry)
        keyring.put(entry, one.value, replace=True)
    return Imported(tuple(stored), tuple(there))


def _bare(value: str) -> str:
    """Without the quotes that other readers of such files take away, too."""
    value = value.strip()
    quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def _problem(file: Path, line: int, variable: str, why: str, mend: str) -> Problem:
    where = f"line {line}: {variable}" if variable else f"line {line}"
    return Problem(file.name, where, "", why, mend)
