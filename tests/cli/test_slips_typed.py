"""Slips as they are typed, at a clone where nothing can be written or nothing of that name is: a process each."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from cli import check
from sandbox import client
from sandbox.home import Home
from tests.cli.test_slips import EVERY, Command, run

ROOT = Path(__file__).resolve().parents[2]
LONG = {"demo", "check", "bench", "sandbox start", "sandbox env", "sandbox freshen", "keys init", "wal receive"}
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
        "tenant|delete|nosuchtenant|--no-export|--yes|--confirm|nosuchtenant",
        "tenant|delete|acme|--no-export|--yes|--confirm|acm",
        "tenant|destroy|acme|--allow-loss|acme",
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


def said_in_words(done: subprocess.CompletedProcess[str]) -> str:
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
    said = said_in_words(done)
    if len(words) > len(command.path):
        assert done.returncode in (1, 2), said
        assert any(word in said for word in ("Fix", "fix", "--help", "start them with")), said
    if any(one.name == "stack" and one.required for one in command.arguments) and "Missing option" not in said:
        assert "did you mean Pulumi.prod.yaml?" in said
    if "--stack" in command.options and "slug" in {one.name for one in command.arguments}:
        wrong = typed([*command.path, "nosuchtenant", "--stack", "prd"], tmp_path)
        assert wrong.returncode in (1, 2)
        said_in_words(wrong)
    if len(words) > len(command.path):
        assert not _servers(tmp_path), "the simulated clouds were started for a name of which there is nothing"


@pytest.mark.slow
@pytest.mark.parametrize("words", SLIPS, ids=" ".join)
def test_what_is_named_is_looked_for_first(words: Sequence[str], tmp_path: Path) -> None:
    """Before anything is started for it: exit code 1 or 2 and the way out, and no simulated cloud."""
    file = tmp_path / "a-file"
    file.write_text("what is in it belongs nowhere")
    done = typed([word.format(file=file) for word in words], tmp_path)
    said = said_in_words(done)
    assert done.returncode in (1, 2), said
    assert any(word in said for word in ("Fix", "fix", "--help", "start them with", "What belongs there")), said
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
    said_in_words(typed(slipped(command), tmp_path, env=bare))
    (tmp_path / "sandbox").unlink()
    said_in_words(typed(slipped(command), tmp_path, preexec_fn=_no_room))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(LONG - {"check"}))
def test_a_long_one_ends_soon_where_nothing_can_be_written(name: str, tmp_path: Path) -> None:
    """In words, before its work: no room for a single byte; and in the sandbox's place a file."""
    alone = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SMOS_KEYRING": str(tmp_path / "keyring.age")}
    environ = {**alone, "SMOS_SANDBOX": str(tmp_path / "sandbox")}
    done = typed(name.split(), tmp_path, env=environ, preexec_fn=_no_room)
    assert done.returncode == 1
    assert "Fix" in said_in_words(done)
    if name in ("bench", "keys init"):
        return  # the first has a sandbox of its own, the second needs none
    shutil.rmtree(tmp_path / "sandbox", ignore_errors=True)
    (tmp_path / "sandbox").write_text("")
    done = typed(name.split(), tmp_path, env=environ)
    assert done.returncode == 1
    assert "Fix: move what lies there away" in said_in_words(done)


def test_a_check_whose_tools_fail_says_which(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All are run, and the exit code is 1."""
    tools = [check.Check("format", ["nosuchmodule"]), check.Check("lint", ["this"]), check.Check("types", ["nosuch"])]
    monkeypatch.setattr(check, "checks", lambda _: tools)
    code, said = run(monkeypatch, capsys, "check")
    assert code == 1
    assert "failed: format, types" in said
