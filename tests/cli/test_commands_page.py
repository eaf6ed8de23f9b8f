"""docs/commands.md has a row for every command, however deep, and for none that there is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from cli.commands import COMMANDS
from cli.lazy import load

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"


def test_every_command_has_its_row() -> None:
    """By its whole name, as one types it."""
    assert sorted(set(commands()) - set(rows(PAGE.read_text(encoding="utf-8")))) == []


def test_no_row_is_of_a_command_that_is_gone() -> None:
    """Nor of one that was given another name. A word after a command's name is what it is told, as in bench fleet."""
    there = tuple(commands())
    named = set(rows(PAGE.read_text(encoding="utf-8")))
    assert sorted(row for row in named if not any(row == one or row.startswith(f"{one} ") for one in there)) == []


def commands() -> Iterator[str]:
    """Each command that does something, by all of its words."""

    def below(command: Any, words: tuple[str, ...]) -> Iterator[str]:
        if not hasattr(command, "list_commands"):
            yield " ".join(words)
            return
        if command.invoke_without_command:
            yield " ".join(words)
        context = typer.Context(command)
        for name in command.list_commands(context):
            yield from below(command.get_command(context, name), (*words, name))

    for name in COMMANDS:
        yield from below(load(name), (name,))


def rows(page: str) -> Iterator[str]:
    """Each command that the page names at the beginning of a row: `./smos tenant list`, `status SLUG` are two, and
    `tenant plan|apply` as well. A word in capitals, an option, or anything in brackets, is what it is told.
    """
    for cell in re.findall(r"^\| (`\./smos .*?) \| ", page.replace("\\|", "¦"), re.M):
        group: tuple[str, ...] = ()
        for text in re.findall(r"`([^`]+)`", cell):
            words = text.removeprefix("./smos ").split(" ")
            named = tuple(words[: next((n for n, one in enumerate(words) if not is_name(one)), len(words))])
            if not named:
                continue
            group = named[:-1] if text.startswith("./smos ") or named[: len(group)] == group else group
            whole = named if named[: len(group)] == group and len(named) > len(group) else (*group, *named)
            for last in whole[-1].split("¦"):
                yield " ".join((*whole[:-1], last))


def is_name(word: str) -> bool:
    """Whether a word of a row is a command's, and no argument of it."""
    return re.fullmatch(r"[a-z][a-z¦-]*", word) is not None


def test_rows_are_read_as_they_are_written() -> None:
    """Each way in which the page names several at once."""
    page = "| command | what |\n| --- | --- |\n| `./smos a X [--yes]` | - |\n| `./smos t list`, `show SLUG` | - |\n"
    page += (
        "| `./smos t plan\\|apply --all` | - |\n| `./smos p [S]`, `p --pages` | - |\n| `./smos k init`, `k set` | - |\n"
    )
    assert list(rows(page)) == ["a", "t list", "t show", "t plan", "t apply", "p", "p", "k init", "k set"]
