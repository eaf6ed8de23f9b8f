"""`./smos check --plugins`: what is found, what is let in, and a life that really runs through the program found."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from sandbox.core.compiler import sdk_version
from sandbox.home import SandboxError
from sandbox.official import SIMULATED_ALONE, VARIABLE, official_plugins, plugin_folders, written
from sandbox.pages import last_checked
from tests.plugins import __main__ as program
from tests.plugins import lives
from tests.plugins.docker_socket import why_no_docker
from tests.plugins.handing_through import VERSION, write_program
from tests.plugins.installed import USED, Plugin, Unusable, installed
from tests.plugins.lives import LIVES, Result, Step
from tests.plugins.record import remember
from tests.plugins.step import STEPS
from tests.plugins.surroundings import environment

ROOT = Path(__file__).resolve().parents[2]


def test_a_plugin_is_found_on_path_and_says_its_version(tmp_path: Path) -> None:
    file = write_program(tmp_path, "postgresql", tmp_path / "started")
    found = list(installed({"PATH": str(tmp_path), "HOME": str(tmp_path)}))
    assert found == [Plugin("postgresql", file, VERSION)]
    assert isinstance(found[0], Plugin)
    assert not found[0].is_pinned


def test_the_engines_own_folder_comes_before_path(tmp_path: Path) -> None:
    """There the SDK's own version lies, if it does; PATH has whatever it has."""
    own = tmp_path / "home" / "plugins" / f"resource-vault-v{sdk_version('vault')}"
    other = tmp_path / "other"
    own.mkdir(parents=True)
    other.mkdir()
    write_program(other, "vault", tmp_path / "started")
    file = write_program(own, "vault", tmp_path / "started")
    found = list(installed({"PATH": str(other), "PULUMI_HOME": str(tmp_path / "home")}))
    assert [one.program for one in found if isinstance(one, Plugin)] == [file]


def test_a_program_that_is_no_plugin_is_left_out_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "pulumi-resource-docker"
    file.write_text("#!/bin/sh\necho 'usage: none'\n")
    file.chmod(0o755)
    found = list(installed({"PATH": str(tmp_path), "HOME": str(tmp_path)}))
    assert [type(one) for one in found] == [Unusable]
    assert str(file) in str(found[0])


def test_what_leads_to_an_account_is_not_let_in(tmp_path: Path) -> None:
    """A list of what is let in: a variable that nobody has thought of is not on it."""
    leading = {
        name: "somewhere"
        for name in (
            "VAULT_ADDR", "VAULT_TOKEN", "DOCKER_HOST", "DOCKER_CONFIG", "ARM_CLIENT_SECRET", "CLOUDFLARE_API_TOKEN",
            "AWS_PROFILE", "PGPASSWORD", "PGHOST", "SSH_AUTH_SOCK", "PULUMI_ACCESS_TOKEN", "HTTPS_PROXY", "ANYTHING",
        )
    }  # fmt: skip
    made = environment(tmp_path, [], {**leading, "PATH": os.environ["PATH"], "HOME": "/root"})
    assert not leading.keys() & made.keys()
    assert made["HOME"] == str(tmp_path / "home")
    assert not list((tmp_path / "home").iterdir())


def test_a_plugin_that_would_leave_this_machine_is_refused(tmp_path: Path) -> None:
    assert not set(USED) & set(SIMULATED_ALONE)
    for package in SIMULATED_ALONE:
        file = write_program(tmp_path, package, tmp_path / "started")
        with pytest.raises(SandboxError, match=package):
            official_plugins({VARIABLE: f"{package}={file}"})


@pytest.mark.parametrize("text", ["vault", "vault=/bin/true", "=/bin/true", "vault=/nowhere/pulumi-resource-vault"])
def test_a_program_that_is_not_there_is_told(text: str) -> None:
    with pytest.raises(SandboxError, match="Fix"):
        official_plugins({VARIABLE: text})


def test_the_variable_is_read_as_it_is_written(tmp_path: Path) -> None:
    wanted = {name: write_program(tmp_path, name, tmp_path / "started") for name in ("tls", "vault")}
    assert official_plugins({VARIABLE: written(wanted)}) == wanted
    assert plugin_folders(wanted) == [str(tmp_path)]
    assert official_plugins({}) == {}


def test_docker_is_reached_by_a_local_socket_alone(tmp_path: Path) -> None:
    assert "leads elsewhere" in why_no_docker({"DOCKER_HOST": "tcp://192.0.2.1:2375"}, tmp_path / "docker.sock")
    assert "no Docker engine" in why_no_docker({}, tmp_path / "docker.sock")
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / "d.sock"))
        assert "does not answer" in why_no_docker({}, tmp_path / "d.sock")


def test_every_step_of_every_life_exists() -> None:
    assert {step.name for life in LIVES.values() for step in life} <= STEPS.keys()
    assert all(any(step.killed for step in life) for life in LIVES.values())
    assert all(step.timeout_s > 0 for life in LIVES.values() for step in life)


def test_a_step_that_never_ends_is_ended_and_counts_as_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider's endless deadlock must not be this command's."""
    (tmp_path / "tests" / "plugins").mkdir(parents=True)
    for folder in (tmp_path / "tests", tmp_path / "tests" / "plugins"):
        (folder / "__init__.py").touch()
    (tmp_path / "tests" / "plugins" / "step.py").write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setattr(lives, "ROOT", tmp_path)
    monkeypatch.setattr(lives, "LIVES", {"stuck": (Step("up", "prod", timeout_s=1.0), Step("destroy", "prod"))})
    said: list[str] = []
    # The step that ends the simulated clouds is the same endless program: it is bounded, too.
    monkeypatch.setattr(lives, "END_S", 1.0)
    found = list(lives.live("stuck", {"PATH": os.defpath}, tmp_path, random.Random(1), said.append))  # noqa: S311  moments of kills
    assert [one.step for one in found] == ["up prod"]
    assert "not ended within 1 s" in found[0].why


def test_what_was_not_there_keeps_its_entry(tmp_path: Path) -> None:
    """A record of one plugin says nothing of another, and nothing of a type."""
    file = tmp_path / "live-checks.json"
    file.write_text(json.dumps({"plugins": {"vault": {"version": "1"}}}))
    results = [Result("local", "up local", 1.0), Result("local", "unchanged local", 1.0, "it changed")]
    remember(file, [Plugin("tls", Path("/x"), "5.6.2")], results, date(2026, 11, 30))
    record = json.loads(file.read_text())["plugins"]
    assert record["vault"] == {"version": "1"}
    assert record["tls"] == {
        "date": "2026-11-30",
        "version": "5.6.2",
        "lives": ["local"],
        "steps": 2,
        "failed": ["local: unchanged local"],
    }
    assert last_checked(file) == {}


def test_without_a_plugin_nothing_is_checked_and_the_exit_code_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    assert program.main(["--record", str(tmp_path / "record.json")]) == 2
    said = capsys.readouterr().out
    assert "nothing was checked" in said
    assert all(package in said for package in (*SIMULATED_ALONE, *USED))
    assert not (tmp_path / "record.json").exists()


@pytest.mark.slow
def test_a_life_runs_through_the_plugin_that_was_found(tmp_path: Path) -> None:
    """Kills and all; the engine has started the program on PATH, and the record says what came of it."""
    write_program(tmp_path, "postgresql", tmp_path / "started")
    record = tmp_path / "record.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.plugins", "--life", "local", "--seed", "1", "--record", str(record)],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "official plugin 0.0.1, not the SDK's version" in done.stdout
    assert len((tmp_path / "started").read_text().splitlines()) >= 3
    assert json.loads(record.read_text())["plugins"]["postgresql"]["failed"] == []
