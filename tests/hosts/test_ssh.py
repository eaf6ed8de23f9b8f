"""The SSH client pins host keys to the settings and says what is wrong, in seconds."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from hosts import ready, ssh
from hosts.ssh import SshProblem, operator_config, run
from sandbox.machines.server.ssh import new_key_pair
from tests.hosts.simulated import Machine, machine


@pytest.fixture(scope="module")
def vps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine(tmp_path_factory.mktemp("vps")) as running:
        yield running


def test_it_follows_the_configuration_and_pins_the_key(vps: Machine) -> None:
    """HostName and Port lead elsewhere; the key that the settings pin is still demanded."""
    assert asyncio.run(run(vps.known, "true", vps.config)) == (0, "", "")


def test_another_host_key_is_refused_with_both_fingerprints(vps: Machine) -> None:
    """A changed host key stops everything: expected and offered are named, and how to mend it."""
    wrong = replace(vps.known, host_key=new_key_pair("wrong")[1])
    with pytest.raises(SshProblem) as refused:
        asyncio.run(run(wrong, "true", vps.config))
    text = str(refused.value)
    for key in (wrong.host_key, vps.known.host_key):
        assert asyncssh.import_public_key(key).get_fingerprint() in text
    assert "smarteros:hosts, vps, hostKey" in text


def test_a_key_of_another_type_is_refused_the_same_way(vps: Machine) -> None:
    """When the host has no key of the pinned type at all, the message is the same."""
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode().strip()
    with pytest.raises(SshProblem, match="host key is not the pinned one") as refused:
        asyncio.run(run(replace(vps.known, host_key=other), "true", vps.config))
    assert asyncssh.import_public_key(vps.known.host_key).get_fingerprint() in str(refused.value)


def test_known_hosts_files_have_no_say(vps: Machine, tmp_path: Path) -> None:
    """A known_hosts file that knows the offered key does not make it right."""
    known = tmp_path / "known_hosts"
    known.write_text(f"* {vps.known.host_key}\n")
    config = tmp_path / "config"
    config.write_text(f"{vps.config.read_text()}  UserKnownHostsFile {known}\n  StrictHostKeyChecking no\n")
    with pytest.raises(SshProblem, match="not the pinned one"):
        asyncio.run(run(replace(vps.known, host_key=new_key_pair("x")[1]), "true", config))


def test_a_refused_key_is_said(vps: Machine) -> None:
    """A login that the host refuses names the user and where a key belongs."""
    with pytest.raises(SshProblem, match=r"nobody@203\.0\.113\.10.*refused every key.*ssh-add"):
        asyncio.run(run(replace(vps.known, user="nobody"), "true", vps.config))


def test_a_closed_port_is_said(vps: Machine, tmp_path: Path) -> None:
    """Nothing listens: the message names host and port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        config = tmp_path / "config"
        config.write_text(f"Host *\n  HostName 127.0.0.1\n  Port {taken.getsockname()[1]}\n")
        with pytest.raises(SshProblem, match="nothing listens on that port"):
            asyncio.run(run(vps.known, "true", config))


def test_silence_ends_after_the_time_out(vps: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that takes the connection and says nothing is given up in seconds."""
    monkeypatch.setattr(ssh, "TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = tmp_path / "config"
        config.write_text(f"Host *\n  HostName 127.0.0.1\n  Port {silent.getsockname()[1]}\n")
        started = time.monotonic()
        with pytest.raises(SshProblem):
            asyncio.run(run(vps.known, "true", config))
        assert time.monotonic() - started < 2


def test_a_key_that_is_not_there_is_said(vps: Machine, tmp_path: Path) -> None:
    """An IdentityFile that can't be read is named, not skipped in silence."""
    config = tmp_path / "config"
    config.write_text("Host *\n  IdentityFile /nowhere/id_x\n")
    with pytest.raises(SshProblem, match="/nowhere/id_x"):
        asyncio.run(run(vps.known, "true", config))


def test_the_chosen_configuration_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """$SMOS_SSH_CONFIG, else ~/.ssh/config, else none; a chosen one that is missing is an error."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert operator_config({}) is None
    (tmp_path / ".ssh").mkdir()
    usual = tmp_path / ".ssh" / "config"
    usual.touch()
    assert operator_config({}) == usual
    chosen = tmp_path / "other"
    with pytest.raises(SshProblem, match="no such file"):
        operator_config({"SMOS_SSH_CONFIG": str(chosen)})
    chosen.touch()
    assert operator_config({"SMOS_SSH_CONFIG": str(chosen)}) == chosen


def test_a_host_without_docker_is_not_ready(vps: Machine) -> None:
    """Before the bootstrap the answer is the command that does it; after it, nothing is wrong."""
    vps.state.clear()
    assert ready.problem(vps.known, "prod", vps.config) == (
        "Host vps (deploy@203.0.113.10) has no Docker yet. Fix: ./smos host up prod"
    )
    vps.state["docker"] = "28.5.1"
    assert ready.problem(vps.known, "prod", vps.config) is None
    stranger = replace(vps.known, user="nobody")
    (refusal,) = ready.problems([vps.known, stranger], "prod", vps.config)
    assert "there is no user nobody yet: ./smos host up prod" in refusal
