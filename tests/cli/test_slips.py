"""Common slips at every command of `./smos`, as its parser knows them: told in words, never with a traceback.

A command that is added is walked too; what it takes is read from the parser. Nothing of these may start anything.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli import __main__ as entrance
from cli import lazy
from cli.commands import COMMANDS
from cli.lazy import load
from cli.reporting import INTERRUPTED

ROOT = Path(__file__).resolve().parents[2]
READS = {
    *("preview", "tenant plan", "tenant export", "tenant list", "tenant status", "tenant show", "tenant archive list"),
    *("tenant archive purge", "domain check", "host check", "vault unseal", "vault token", "vault status"),
    *("state list", "state restore", "doctor", "tunnel", "status", "redis"),
    *(
        "wal receive",
        "wal base",
        "wal status",
        "alerts run",
        "alerts test",
        "alerts key",
        "backup",
        "backups",
        "restore",
        "drill verify",
        "drill key",
    ),
}
"""The commands on a target whose run declares nothing at a vendor: no creation of theirs can go without an answer."""

WHICH = "it takes --take-over and --leave (cli/platform.py), or it declares nothing at a vendor and is one of READS"


@dataclass(frozen=True)
class Command:
    """One command, with what its parser says of it."""

    path: tuple[str, ...]
    parser: Any

    @property
    def name(self) -> str:
        return " ".join(self.path)

    @property
    def arguments(self) -> list[Any]:
        return [one for one in self.parser.params if one.param_type_name == "argument"]

    @property
    def options(self) -> set[str]:
        return {name for one in self.parser.params if one.param_type_name == "option" for name in one.opts}


def _walked(parser: Any, path: tuple[str, ...]) -> Iterator[Command]:
    if hasattr(parser, "commands"):
        for name, inner in parser.commands.items():
            yield from _walked(inner, (*path, name))
    else:
        yield Command(path, parser)


def _groups(parser: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if hasattr(parser, "commands"):
        yield path, parser
        for name, inner in parser.commands.items():
            yield from _groups(inner, (*path, name))


EVERY = [one for name in COMMANDS for one in _walked(load(name), (name,))]
GROUP = dict(one for name in COMMANDS for one in _groups(load(name), (name,)))
GROUPS = sorted(GROUP)
named = pytest.mark.parametrize("command", EVERY, ids=lambda one: one.name)


def test_the_walk_finds_the_commands() -> None:
    """A walk that finds nothing would prove nothing."""
    assert {"up", "tenant archive list", "state restore", "sandbox fault"} <= {one.name for one in EVERY}
    assert set(COMMANDS) == {one.path[0] for one in EVERY}


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit code, and what was said. Any exception but the exit is a traceback to whoever typed it."""
    monkeypatch.setattr(sys, "argv", ["smos", *words])
    with pytest.raises(SystemExit) as ended:
        entrance.main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out + said.err


@named
def test_help(command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Says what it does, what it takes, and every option of it."""
    code, said = run(monkeypatch, capsys, *command.path, "--help")
    assert code == 0
    assert f"Usage: smos {command.name}" in said
    for option in command.options - {"-y"}:
        assert option in said


@named
def test_a_misspelt_option(
    command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Is told with the near one."""
    for option in sorted(one for one in command.options if one.startswith("--")):
        code, said = run(monkeypatch, capsys, *command.path, f"{option}x")
        assert code == 2
        assert f"No such option: {option}x" in said
        assert option in said.replace(f"{option}x", "")
        assert f"smos {command.name} --help" in said


@named
def test_one_argument_too_many(
    command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Is told by its word."""
    if any(one.nargs == -1 for one in command.arguments):
        return  # it takes as many as are given
    words = [str(ROOT / "README.md") if one.name in ("file", "key") else "5" for one in command.arguments]
    code, said = run(monkeypatch, capsys, *command.path, *words, "superfluous")
    assert code == 2
    assert any(word in said for word in ("superfluous", "Invalid value", "Missing option"))
    assert f"smos {command.name} --help" in said


@named
def test_a_missing_argument(
    command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Is told with what belongs there."""
    if not any(one.required for one in command.arguments):
        return
    code, said = run(monkeypatch, capsys, *command.path)
    assert code == 2
    assert "Missing" in said
    assert "What belongs there: " in said


@named
def test_a_wrong_value_of_a_choice(
    command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Is told with those that there are."""
    if "--target" not in command.options:
        return
    code, said = run(monkeypatch, capsys, *command.path, "--target", "reel")
    assert code == 2
    for word in ("reel", "sandbox", "real"):
        assert word in said


@pytest.mark.parametrize("path", [(), *GROUPS], ids=" ".join)
def test_a_misspelt_command(
    path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Is told with the near one; a group alone shows what there is."""
    inside = {one.path[len(path)] for one in EVERY if one.path[: len(path)] == path}
    for name in sorted(inside):
        slip = f"{name[:-1]}{name[-1] * 2}"
        code, said = run(monkeypatch, capsys, *path, slip)
        assert code == 2
        assert f"No such command '{slip}'" in said
        assert f"'{name}'" in said
    if path and getattr(GROUP[path], "invoke_without_command", False):
        return  # alone, it does its own work
    code, said = run(monkeypatch, capsys, *path)
    assert code == 2
    assert all(name in said for name in inside)


@named
def test_ctrl_c(command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In the middle of the work: exit code 130, and what to do then."""

    def interrupted(**_: Any) -> None:
        raise KeyboardInterrupt

    def loaded(name: str) -> Any:
        found = load(name)
        for one in _walked(found, (name,)):
            one.parser.callback = interrupted
        return found

    monkeypatch.setattr(lazy, "load", loaded)
    words = [str(ROOT / "README.md") if one.name == "file" else "platform" for one in command.arguments]
    required = [one for one in command.parser.params if one.param_type_name == "option" and one.required]
    words += [word for one in required for word in (one.opts[0], str(ROOT / "README.md"))]
    code, said = run(monkeypatch, capsys, *command.path, *words)
    assert code == INTERRUPTED, said
    assert "run the same command again" in said


def test_every_command_that_makes_things_says_whose_they_are() -> None:
    """Whoever starts the engine for a change can meet a creation that was never answered: it takes the word for it."""
    on_target = [one for one in EVERY if "--target" in one.options]
    assert {one.name for one in on_target} >= READS
    for command in on_target:
        wanted = command.name not in READS
        assert ({"--take-over", "--leave"} <= command.options) == wanted, f"{command.name}: {WHICH}"
