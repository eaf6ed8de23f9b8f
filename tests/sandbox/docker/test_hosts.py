"""Docker and SSH on the simulated hosts: who is let in, what is in use, and what a script changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.command.package import PACKAGE as COMMAND
from sandbox.core import judge
from sandbox.core.kinds import Package, ResourceType
from sandbox.core.records import Cloud, Computing, Record
from sandbox.docker.package import PACKAGE as DOCKER

EXAMPLES = Path(__file__).parents[1] / "examples"
CONFIG = {"host": "ssh://deploy@203.0.113.10:22", "sshOpts": '["-o", "StrictHostKeyChecking=accept-new"]'}


class Little(Cloud):
    """An inventory in a dictionary."""

    def __init__(self, *records: Record) -> None:
        self.records = {(one.token, one.scope, one.id): one for one in records}

    def get(self, identity: str) -> Record | None:
        return next((one for one in self.records.values() if one.id == identity), None)

    def find(self, token: str) -> list[Record]:
        return [one for one in self.records.values() if one.token == token]

    def put(self, record: Record) -> None:
        self.records[record.token, record.scope, record.id] = record


def kind(package: Package, name: str) -> ResourceType:
    return next(one for one in package.types if one.token.endswith(":" + name))


def host(*, docker: bool = True, **inputs: Any) -> Record:
    given = {"address": "203.0.113.10", "port": 22, "user": "deploy", "hostKey": "ssh-ed25519 AAAA", **inputs}
    return Record(id="203.0.113.10:22", token="sandbox:host", inputs=given, outputs={"docker": docker})


def reached(config: Mapping[str, Any], *records: Record) -> str | None:
    assert DOCKER.connect is not None
    return DOCKER.connect(config, Little(*records))


def test_docker_is_reached_where_it_is_installed() -> None:
    """A host without Docker, another user and an unknown host are refused in the provider's words."""
    assert reached(CONFIG, host()) is None
    for config, record, words in (
        (CONFIG, host(docker=False), "docker: command not found"),
        (CONFIG, host(user="root"), "Permission denied (publickey)"),
        ({**CONFIG, "host": "ssh://deploy@203.0.113.11"}, host(), "Connection refused"),
        ({**CONFIG, "sshOpts": "[]"}, host(), "Host key verification failed"),
        ({**CONFIG, "sshOpts": ["-o", "StrictHostKeyChecking=maybe"]}, host(), 'unsupported option "maybe"'),
    ):
        answer = reached(config, record)
        assert answer is not None
        assert answer.startswith("Error pinging Docker server")
        assert words in answer


@pytest.mark.parametrize("options", [["-o", "StrictHostKeyChecking no"], ["-oStrictHostKeyChecking = OFF"]])
def test_an_option_is_written_as_in_ssh_config(options: list[str]) -> None:
    """With a blank or an equals sign, and its words in any case."""
    assert reached({**CONFIG, "sshOpts": options}, host()) is None


@pytest.mark.parametrize(
    ("port", "right"), [("22", True), ("022", True), ("0", False), ("00", False), ("65536", False)]
)
def test_a_port_is_one(port: str, right: bool) -> None:
    """ssh takes no port 0 and none above 65535."""
    config = {**CONFIG, "host": f"ssh://deploy@203.0.113.10:{port}"}
    failures = [one for rule in DOCKER.config for one in rule.failures(config)]
    assert (not failures and reached(config, host()) is None) == right


def test_a_pinned_host_key_must_be_the_hosts(tmp_path: Path) -> None:
    """With a file of known hosts, the key in it decides."""
    options = ["-o", f"UserKnownHostsFile={tmp_path}/known", "-o", "StrictHostKeyChecking=yes"]
    (tmp_path / "known").write_text("203.0.113.10 ssh-ed25519 AAAA\n")
    assert reached({**CONFIG, "sshOpts": options}, host()) is None
    (tmp_path / "known").write_text("203.0.113.10 ssh-ed25519 BBBB\n")
    assert "Host key verification failed" in str(reached({**CONFIG, "sshOpts": options}, host()))


@pytest.mark.parametrize(
    ("name", "inputs", "container", "words"),
    [
        ("Network", {"name": "private"}, {"networksAdvanced": [{"name": "private"}]}, "has active endpoints"),
        ("Volume", {"name": "data"}, {"volumes": [{"volumeName": "data"}]}, "volume is in use"),
        ("RemoteImage", {"name": "redis:7"}, {"image": "redis:7"}, "is using its referenced image"),
    ],
)
def test_what_a_container_uses_can_not_be_deleted(
    name: str, inputs: Mapping[str, Any], container: Mapping[str, Any], words: str
) -> None:
    """Docker refuses it until the container is gone; a container of another host does not matter."""
    rule = kind(DOCKER, name).deletion[0]
    token = "docker:index/container:Container"
    here = Record(id="c", token=token, inputs={"name": "c", **container}, outputs={}, scope="203.0.113.10:22")
    there = Record(id="c", token=token, inputs={"name": "c", **container}, outputs={}, scope="203.0.113.99:22")
    assert words in str(rule.test(inputs, Little(here), CONFIG))
    assert rule.test(inputs, Little(there), CONFIG) is None


def test_an_image_that_others_use_stays_on_the_host() -> None:
    """With keepLocally, the provider deletes nothing: another stack's containers find it; unused, it is forgotten."""
    image = kind(DOCKER, "RemoteImage")
    kept, container = {"name": "redis:7", "keepLocally": True}, {"name": "c", "image": "redis:7"}
    used = Little(Record(id="c", token="docker:index/container:Container", inputs=container, outputs={}))
    assert image.overwrites
    assert image.stays is not None
    assert image.stays(kept, used, CONFIG)
    assert not image.stays(kept, Little(), CONFIG)
    assert not image.stays({**kept, "keepLocally": False}, used, CONFIG)


def test_a_script_that_installs_docker_makes_a_host_with_docker() -> None:
    """After the bootstrap the Docker provider reaches the host, and its version is what the script wrote."""
    example = yaml.safe_load((EXAMPLES / "command_remote_Command.yaml").read_text(encoding="utf-8"))
    before = example["right"][1]["existing"][0]
    cloud = Little(Record(id=before["id"], token=before["token"], inputs=before["inputs"], outputs=before["outputs"]))
    inputs = example["right"][1]["inputs"]
    create = kind(COMMAND, "Command").on_create
    assert create is not None
    assert DOCKER.connect is not None
    assert "command not found" in str(DOCKER.connect(CONFIG, cloud))
    create(Computing(id="", name="", inputs=inputs, config={}, cloud=cloud))
    assert DOCKER.connect(CONFIG, cloud) is None
    (record,) = cloud.find("sandbox:host")
    assert record.outputs["hostVersion"] == "abc123"


def test_a_command_on_an_unknown_host_fails_and_shows_no_key() -> None:
    """The error is Go's, and holds nothing of the private key."""
    example = yaml.safe_load((EXAMPLES / "command_remote_Command.yaml").read_text(encoding="utf-8"))
    inputs = example["right"][0]["inputs"]
    (refused,) = judge.refused_by_cloud(kind(COMMAND, "Command"), inputs, Little(), {})
    assert "after 3 failed attempts: dial tcp 203.0.113.10:22" in refused.reason
    assert "PRIVATE KEY" not in refused.reason


@pytest.mark.parametrize(
    ("command", "accepted"),
    [
        ("/bin/echo %H ssh-ed25519 AAAAright", True),
        ("/bin/echo %H ssh-ed25519 AAAAwrong", False),
        ("/usr/bin/printf ssh-ed25519 AAAAright", False),
    ],
)
def test_a_key_pinned_by_a_command_is_compared(command: str, accepted: bool) -> None:
    """`KnownHostsCommand=/bin/echo %H KEY` lets in the host that has that key, and no other; other commands
    let in none.
    """
    config = {"host": "ssh://deploy@203.0.113.10:22", "sshOpts": ["-o", f"KnownHostsCommand={command}"]}
    assert (reached(config, host(hostKey="ssh-ed25519 AAAAright")) is None) == accepted
