"""A command's output, or input, goes through SSH as it is, of any length; a command that fails is told as one."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hosts.pipe import Ended, given, output_of
from hosts.ssh import SshProblem, run
from tests.hosts.simulated import Machine, machine

IMAGE = "debian:13"
RUN = "docker run --rm --interactive --network none --mount type=volume,source=files,target=/volume --entrypoint"


@pytest.fixture
def vps(tmp_path: Path) -> Iterator[Machine]:
    """A host with one volume and one image."""
    (tmp_path / "volume").mkdir()
    with machine(tmp_path) as running:
        running.state["docker"] = "28.5.1"
        found = {"files": tmp_path / "volume"}
        running.simulated = replace(running.simulated, volume=found.get, has_image=lambda name: name == IMAGE)
        running.stop()
        running.start(lambda _host, _port: None)
        yield running


def test_twenty_megabytes_come_and_go_unchanged(vps: Machine, tmp_path: Path) -> None:
    """Every byte, zeros and line ends too."""
    content = os.urandom(20 << 20)
    (tmp_path / "content").write_bytes(content)
    with (tmp_path / "content").open("rb") as stream:
        given(vps.known, f"{RUN} sh {IMAGE} -c 'cat > /volume/a'", stream, vps.config)
    assert (tmp_path / "volume" / "a").read_bytes() == content
    with output_of(vps.known, f"{RUN} cat {IMAGE} /volume/a", vps.config) as stream:
        assert hashlib.sha256(stream.read()).digest() == hashlib.sha256(content).digest()


def test_a_command_that_fails_after_its_output_is_told(vps: Machine) -> None:
    """What was read until then counts for nothing: it looked whole."""
    command = f"{RUN} sh {IMAGE} -c 'echo all; echo disk is gone >&2; exit 3'"
    with pytest.raises(Ended, match="disk is gone") as failed, output_of(vps.known, command, vps.config) as out:
        assert out.read() == b"all\n"
    assert failed.value.status == 3


def test_who_leaves_early_waits_for_nobody(vps: Machine) -> None:
    """A command that would write for ever is ended."""
    began = time.monotonic()
    with output_of(vps.known, f"{RUN} cat {IMAGE} /dev/zero", vps.config) as stream:
        assert stream.read(1000) == bytes(1000)
    with pytest.raises(ZeroDivisionError), output_of(vps.known, f"{RUN} cat {IMAGE} /dev/zero", vps.config):
        raise ZeroDivisionError
    assert time.monotonic() - began < 10


def test_a_command_that_reads_nothing_is_given_nothing(vps: Machine, capfd: pytest.CaptureFixture[str]) -> None:
    """And nothing is printed of it."""
    assert given(vps.known, f"{RUN} sh {IMAGE} -c 'cat; echo done'", None, vps.config) == "done\n"
    assert capfd.readouterr() == ("", "")


def test_a_command_that_does_not_end_is_ended(vps: Machine) -> None:
    """By its time limit."""
    with pytest.raises(SshProblem, match="did not end"):
        given(vps.known, f"{RUN} sleep {IMAGE} 60", io.BytesIO(), vps.config, timeout_s=1)


@pytest.mark.parametrize(
    ("command", "status", "why"),
    [
        (f"{RUN} true debian:12", 125, "Unable to find image"),
        (f"{RUN} true {IMAGE}".replace("source=files", "source=fiels"), 125, "no volume fiels"),
        (f"{RUN} true {IMAGE}".replace("none", "host"), 126, "not simulated"),
        (f"docker run --rm --network none --privileged --entrypoint true {IMAGE}", 126, "unknown flag: --privileged"),
        (f"docker run --rm --network none {IMAGE}", 126, "program of the image's own"),
        (f"{RUN} no-such-program {IMAGE}", 127, "no-such-program"),
    ],
)
def test_what_is_not_simulated_is_refused(vps: Machine, command: str, status: int, why: str) -> None:
    """In words; also what Docker would do and nobody wants: fetch an image, make a volume because its name is wrong."""
    found, _, said = asyncio.run(run(vps.known, command, vps.config))
    assert found == status
    assert why in said


def test_a_volume_that_is_not_there_is_known_before(vps: Machine) -> None:
    """Docker's own question."""
    question = "docker volume inspect --format '{{.Name}}' "
    assert asyncio.run(run(vps.known, f"{question}files", vps.config))[0] == 0
    status, _, said = asyncio.run(run(vps.known, f"{question}fiels", vps.config))
    assert (status, "no such volume" in said) == (1, True)
