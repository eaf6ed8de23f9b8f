"""No container gets hold of its host."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rules.host_untouched import RULE
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
