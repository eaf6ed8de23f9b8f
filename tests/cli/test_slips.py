"""Common slips at every command of `./smos`, as its parser knows them: told in words, never with a traceback.

A command that is added is walked too; what it takes is read from the parser. Nothing of these may start anything.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli import __main__ as entrance
from cli import check, lazy
from cli.commands import COMMANDS
from cli.lazy import load
from sandbox import client
from sandbox.home import Home

ROOT = Path(__file__).resolve().parents[2]
READS = {
    *("preview", "tenant plan", "tenant export", "tenant list", "tenant status", "tenant show", "tenant archive list"),
    *("tenant archive purge", "domain check", "host check", "vault unseal", "vault token", "vault status"),
    *("state list", "state restore", "doctor", "tunnel", "status", "redis"),
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


EVERY = [one for name in COMMANDS for one in _walked(load(name), (name,))]
GROUPS = sorted({one.path[:length] for one in EVERY for length in range(1, len(one.path))})
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
    assert code == entrance.INTERRUPTED, said
    assert "run the same command again" in said


def test_every_command_that_makes_things_says_whose_they_are() -> None:
    """Whoever starts the engine for a change can meet a creation that was never answered: it takes the word for it."""
    on_target = [one for one in EVERY if "--target" in one.options]
    assert {one.name for one in on_target} >= READS
    for command in on_target:
        wanted = command.name not in READS
        assert ({"--take-over", "--leave"} <= command.options) == wanted, f"{command.name}: {WHICH}"


# -- what lies around a command --------------------------------------------------------------------------------------

LONG = {"demo", "check", "bench", "sandbox start", "sandbox env", "sandbox freshen", "keys init"}
"""What does its work without any argument, and takes its time for it; tests of their own start them. Here they are
started where they can't, and where what is named is not there.
"""
SLIPS = tuple(
    words.split("|")
    for words in (
        "tenant|apply|nosuchtenant",
        "tenant|plan|nosuchtenant",
        "tenant|apply|prod",
        "tenant|apply|acme|--stack|prd",
        "tenant|apply|--all|--stack|prd",
        "tenant|apply|--tier|gold",
        "tenant|apply|--wave|7",
        "tenant|plan|--wave|7",
        "tenant|plan|--wave|0|--tier|enterprise",
        "tenant|export|acme|--to|{file}/inside",
        "tenant|export|nosuchtenant",
        "tenant|import|{file}",
        "tenant|import|{file}|--as|no domain",
        "tenant|import|{file}|--as|acme.example.com",
        "tenant|import|{file}|--stack|prd",
        "tenant|destroy|nosuchtenant|--allow-loss|nosuchtenant",
        "tenant|destroy|acme|--allow-loss|acm",
        "tenant|delete|acme|--yes|--confirm|acm",
        "tenant|drift|nosuchtenant|--mend",
        "create|tenant|1-9|X|x.example.com",
        "domain|check|nosuch.example.com",
        "host|cloud-init|prod|--key|{file}|--host|nosuch",
        "state|list|prod|--project|nosuch",
        "state|restore|prod|nosuch",
        "state|restore|prod",
        "state|restore|prod|--project|smarteros-tenants-99",
        "redis|--tenant|nosuchtenant",
        "redis|--stack|prd",
        "capacity|--stack|backup|--profile|nosuch",
        "sandbox|inventory|nosuch:type",
        "sandbox|fault|throttled|--token|nosuch:type",
        "bench|nosuch",
        "check|--life|nosuch",
        "check|--seed|5",
        "env|template|nosuch",
    )
)
"""What names something of which there is nothing, in an option or beside what is there."""


def slipped(command: Command) -> list[str]:
    """Its words, with names of which there is nothing."""
    values = {
        "slug": "nosuchtenant",
        "stack": "prd",
        "file": "nosuch.tar.age",
        "kind": "lost-answr",
        "server": "nosuch",
    }
    words = [values.get(str(one.name), "nosuch/path") for one in command.arguments if one.required]
    return [*command.path, *words]


def typed(words: Sequence[str], tmp_path: Path, **more: Any) -> subprocess.CompletedProcess[str]:
    """In a process of its own, in a sandbox of its own that must stay empty of servers."""
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environ |= {"SMOS_SANDBOX": str(tmp_path / "sandbox"), "SMOS_KEYRING": str(tmp_path / "keyring.age")}
    command = [sys.executable, str(ROOT / "cli"), *words]
    given = {"env": environ, "cwd": tmp_path, **more}
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60, **given
    )


def told(done: subprocess.CompletedProcess[str]) -> str:
    """What was said; no traceback is in it."""
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert done.returncode in (0, 1, 2), said
    if done.returncode:
        assert said.strip(), "it failed without a word"
    return said


@pytest.mark.slow
@pytest.mark.parametrize("command", [one for one in EVERY if one.name not in LONG], ids=lambda one: one.name)
def test_names_of_which_there_is_nothing(command: Command, tmp_path: Path) -> None:
    """From another folder, with no simulated clouds: exit code 1 or 2, with the way out; nothing is started for it."""
    words = slipped(command)
    done = typed(words, tmp_path)
    said = told(done)
    if len(words) > len(command.path):
        assert done.returncode in (1, 2), said
        assert any(word in said for word in ("Mend", "mend", "--help", "start them with")), said
    if any(one.name == "stack" and one.required for one in command.arguments) and "Missing option" not in said:
        assert "did you mean Pulumi.prod.yaml?" in said
    if "--stack" in command.options and "slug" in {one.name for one in command.arguments}:
        wrong = typed([*command.path, "nosuchtenant", "--stack", "prd"], tmp_path)
        assert wrong.returncode in (1, 2)
        told(wrong)
    if len(words) > len(command.path):
        assert not _servers(tmp_path), "the simulated clouds were started for a name of which there is nothing"


@pytest.mark.slow
@pytest.mark.parametrize("words", SLIPS, ids=" ".join)
def test_what_is_named_is_looked_for_first(words: Sequence[str], tmp_path: Path) -> None:
    """Before anything is started for it: exit code 1 or 2 and the way out, and no simulated cloud."""
    file = tmp_path / "a-file"
    file.write_text("what is in it belongs nowhere")
    done = typed([word.format(file=file) for word in words], tmp_path)
    said = told(done)
    assert done.returncode in (1, 2), said
    assert any(word in said for word in ("Mend", "mend", "--help", "start them with", "What belongs there")), said
    assert not _servers(tmp_path), "the simulated clouds were started for a name of which there is nothing"


def _servers(tmp_path: Path) -> bool:
    return Home(tmp_path / "sandbox").running() is not None


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """What was started in it all the same, ends."""
    yield tmp_path
    if _servers(tmp_path):
        client.stop(Home(tmp_path / "sandbox"))


def _no_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@pytest.mark.slow
@pytest.mark.parametrize("command", [one for one in EVERY if one.name not in LONG], ids=lambda one: one.name)
def test_nothing_can_be_written(command: Command, tmp_path: Path) -> None:
    """A file where the sandbox's folder belongs, and no variable at all; no room for a single byte."""
    bare = {"SMOS_SANDBOX": str(tmp_path / "sandbox"), "SMOS_KEYRING": str(tmp_path / "keyring.age")}
    (tmp_path / "sandbox").write_text("")
    told(typed(slipped(command), tmp_path, env=bare))
    (tmp_path / "sandbox").unlink()
    told(typed(slipped(command), tmp_path, preexec_fn=_no_room))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(LONG - {"check"}))
def test_a_long_one_ends_soon_where_nothing_can_be_written(name: str, tmp_path: Path) -> None:
    """In words, before its work: no room for a single byte; and in the sandbox's place a file."""
    alone = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SMOS_KEYRING": str(tmp_path / "keyring.age")}
    environ = {**alone, "SMOS_SANDBOX": str(tmp_path / "sandbox")}
    done = typed(name.split(), tmp_path, env=environ, preexec_fn=_no_room)
    assert done.returncode == 1
    assert "Mend" in told(done)
    if name in ("bench", "keys init"):
        return  # the first has a sandbox of its own, the second needs none
    shutil.rmtree(tmp_path / "sandbox", ignore_errors=True)
    (tmp_path / "sandbox").write_text("")
    done = typed(name.split(), tmp_path, env=environ)
    assert done.returncode == 1
    assert "Mend: move what lies there away" in told(done)


def test_a_check_whose_tools_fail_says_which(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All are run, and the exit code is 1."""
    tools = [check.Check("format", ["nosuchmodule"]), check.Check("lint", ["this"]), check.Check("types", ["nosuch"])]
    monkeypatch.setattr(check, "checks", lambda _: tools)
    code, said = run(monkeypatch, capsys, "check")
    assert code == 1
    assert "failed: format, types" in said
