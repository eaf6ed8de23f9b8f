"""No container gets hold of its host."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.policies import facts_of
from policy.rule import Facts
from policy.rules.host_untouched import RULE
from settings.reading import read_settings
from tests.components.declared import config_of
from tests.policy.judged import changed, said

BOX = "docker:index/container:Container"
SOCKET = {"hostPath": "/var/run/docker.sock", "readOnly": True}

RIGHT: list[tuple[str, dict[str, Any]]] = [
    (BOX, {"name": "x", "volumes": [{"volumeName": "v", "containerPath": "/d"}], "networkMode": "none"}),
    (BOX, {"name": "s-prod-traefik-docker-api", "volumes": [SOCKET]}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (BOX, {"privileged": True}, "privileged"),
    (BOX, {"networkMode": "host"}, "networkMode"),
    (BOX, {"pidMode": "host"}, "pidMode"),
    (BOX, {"pidMode": "container:vault"}, "pidMode of another"),
    (BOX, {"networksAdvanced": [{"name": "host"}]}, "host's own network"),
    (BOX, {"volumes": [{"fromContainer": "s-prod-traefik-docker-api"}]}, "name the volume"),
    (BOX, {"name": "evilnotdocker-api", "volumes": [SOCKET]}, "root on the host"),
    (BOX, {"name": "s-prod-evil-traefik-docker-api", "volumes": [SOCKET]}, "root on the host"),
    (BOX, {"name": "n8n", "volumes": [SOCKET]}, "root on the host"),
    (BOX, {"name": "s-prod-traefik-docker-api", "volumes": [changed(SOCKET, readOnly=False)]}, "root on the host"),
    (BOX, {"name": "n8n", "volumes": [{"hostPath": "/etc", "containerPath": "/e"}]}, "/etc"),
    (BOX, {"mounts": [{"type": "bind", "source": "/srv", "target": "/s"}]}, "/srv"),
    (BOX, {"devices": [{"hostPath": "/dev/kvm"}]}, "/dev/kvm"),
]


ROOTLESS = "/run/user/1000/docker.sock"


def test_an_engine_without_root_has_its_socket_elsewhere() -> None:
    """Where a developer's settings say; for the reading proxy alone, and then the usual one is for nobody."""
    facts = Facts(own_machine=True, socket=ROOTLESS)
    mine = {"name": "s-local-traefik-docker-api", "volumes": [changed(SOCKET, hostPath=ROOTLESS)]}
    assert said(RULE, BOX, mine, facts) == []
    for wrong in (
        changed(mine, name="n8n"),
        changed(mine, volumes=[changed(SOCKET, hostPath=ROOTLESS, readOnly=False)]),
        changed(mine, volumes=[SOCKET]),
    ):
        (text,) = said(RULE, BOX, wrong, facts)
        assert "root on the host" in text
    assert "a folder of the host" in said(RULE, BOX, mine)[0]


def test_the_rule_is_told_of_the_socket_by_the_settings() -> None:
    """From the settings to the pack's file and back."""
    values = config_of("local")
    values["hosts"][0] |= {"socket": ROOTLESS, "dockerHost": f"unix://{ROOTLESS}"}
    settings, problems = read_settings("local", values, "Pulumi.local.yaml")
    assert settings is not None, problems
    assert Facts.of(facts_of(settings).as_config()).socket == ROOTLESS


@pytest.mark.parametrize(("token", "inputs"), RIGHT)
def test_what_is_right_passes(token: str, inputs: dict[str, Any]) -> None:
    """Nothing is said of it."""
    assert said(RULE, token, inputs) == []


@pytest.mark.parametrize(("token", "inputs", "words"), WRONG)
def test_what_is_wrong_is_told(token: str, inputs: dict[str, Any], words: str) -> None:
    """One fault, one violation, and it says what."""
    found = said(RULE, token, inputs)
    assert len(found) == 1, found
    assert words in found[0]
