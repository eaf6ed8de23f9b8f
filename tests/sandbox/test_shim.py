"""The `pulumi` of a shell that `sandbox env` made ready: it stops when the shell has become another's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from sandbox import client, home
from sandbox.home import Home, Running

RUNNING = Running(pid=os.getpid(), started=0.0, ports={"docker": 4001, "random": 4002}, control=4000, token="")
COMMANDS = ["up", "preview", "destroy", "refresh", "import", "state", "stack", "cancel", "watch"]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Home, dict[str, str]]:
    """A sandbox whose folder's name needs quoting, with an engine that only answers; and its shell's variables."""
    clone = tmp_path / "clone"
    clone.mkdir()
    monkeypatch.setattr(client, "ROOT", clone)
    engine = tmp_path / "engine"
    engine.write_text('#!/bin/sh\necho "ran $*"\n')
    engine.chmod(0o700)
    of = Home(tmp_path / "it's a sandbox")
    for folder in (of.project / "hosts", of.folder / "tenants" / "acme", tmp_path / "it's a sandbox-other"):
        folder.mkdir(parents=True)
    home.write_private(of.note, f'{{"pid": {RUNNING.pid}}}')
    client.write_shim(of, RUNNING, engine, "false")
    return of, {"PATH": os.environ["PATH"], **client.environment(of, RUNNING, engine)}


def called(
    of: Home, environ: dict[str, str], *arguments: str, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """What came of `pulumi ARGUMENTS`."""
    call = [str(of.bin / "pulumi"), *arguments]
    return subprocess.run(call, env=environ, cwd=folder, capture_output=True, text=True, check=False, timeout=20)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_shell_as_it_was_made_runs(shell: tuple[Home, dict[str, str]], command: str) -> None:
    """Nothing was changed."""
    of, environ = shell
    assert called(of, environ, command, "--yes").stdout == f"ran {command} --yes\n"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PULUMI_BACKEND_URL", "s3://real"),
        ("PULUMI_DEBUG_PROVIDERS", "docker:4001"),
        ("PULUMI_DEBUG_PROVIDERS", None),
        ("PULUMI_OPTION_CWD", "/elsewhere"),
        ("SMOS_TARGET", None),
    ],
)
def test_a_shell_that_became_another_is_refused(
    shell: tuple[Home, dict[str, str]], command: str, name: str, value: str | None
) -> None:
    """What differs is named, and how to mend it; options before the command hide nothing."""
    of, environ = shell
    changed = {key: text for key, text in environ.items() if key != name} | ({name: value} if value else {})
    for arguments in ([command, "--yes"], ["--stack", "dev", command]):
        ended = called(of, changed, *arguments)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert f"set it: {name}\n" in ended.stderr
        assert "sandbox env" in ended.stderr


def test_any_project_of_the_sandbox_is_its_own(shell: tuple[Home, dict[str, str]]) -> None:
    """By the variable, or by the folder where one is; what only seems to be in it is not."""
    of, environ = shell
    plain = {key: text for key, text in environ.items() if key != "PULUMI_OPTION_CWD"}
    for path in (of.project / "hosts", of.folder / "tenants" / "acme"):
        assert called(of, environ | {"PULUMI_OPTION_CWD": str(path)}, "refresh").returncode == 0
        assert called(of, plain, "refresh", folder=path).returncode == 0
    for path in (of.project / ".." / "..", Path(f"{of.folder}-other"), of.folder / "nowhere"):
        assert called(of, environ | {"PULUMI_OPTION_CWD": str(path)}, "refresh").returncode == 2
    assert called(of, plain, "refresh", folder=of.folder.parent).returncode == 2


def test_what_touches_no_state_always_runs(shell: tuple[Home, dict[str, str]]) -> None:
    """In any shell."""
    of, environ = shell
    assert called(of, {"PATH": environ["PATH"]}, "version").stdout == "ran version\n"
