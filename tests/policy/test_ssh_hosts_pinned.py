"""SSH accepts the host key of the settings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policy.rule import UNKNOWN
from policy.rules.ssh_hosts_pinned import RULE
from tests.policy.judged import said

DOCKER, COMMAND = "pulumi:providers:docker", "command:remote:Command"
SSH = "ssh://deploy@203.0.113.10:22"
PINNED = ("-o", "StrictHostKeyChecking=yes", "-o", "KnownHostsCommand=/bin/echo %H ssh-ed25519 AAAA")


def reached(*options: str) -> dict[str, Any]:
    return {"host": SSH, "sshOpts": list(options)}


RIGHT: list[tuple[str, dict[str, Any]]] = [
    (DOCKER, reached(*PINNED)),
    (DOCKER, {"host": SSH, "sshOpts": json.dumps(list(PINNED))}),
    (DOCKER, {"host": UNKNOWN}),
    (DOCKER, {"host": "unix:///var/run/docker.sock"}),
    (DOCKER, reached("-o", "UserKnownHostsFile=/dev/null", *PINNED)),
    (DOCKER, {"host": SSH, "sshOpts": UNKNOWN}),
    (COMMAND, {"connection": {"host": "h", "hostKey": "ssh-ed25519 AAAA"}}),
    (COMMAND, {"connection": UNKNOWN}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (DOCKER, reached("-o", "StrictHostKeyChecking=no", *PINNED[2:]), "StrictHostKeyChecking is no"),
    (DOCKER, reached("-oStrictHostKeyChecking=accept-new", *PINNED[2:]), "accept-new"),
    (DOCKER, reached(*PINNED[2:]), "(not set)"),
    (DOCKER, reached(*PINNED[:2]), "KnownHostsCommand"),
    (DOCKER, {"host": "tcp://203.0.113.10:2375"}, "without SSH"),
    (DOCKER, {"host": "http://203.0.113.10:2375"}, "without SSH"),
    (DOCKER, reached("-o", "StrictHostKeyChecking=no", *PINNED), "StrictHostKeyChecking is no"),
    (DOCKER, reached("-o", "StrictHostKeyChecking no", *PINNED), "StrictHostKeyChecking is no"),
    (DOCKER, reached("-4oStrictHostKeyChecking=no", *PINNED), "StrictHostKeyChecking is no"),
    (DOCKER, reached(*PINNED[:2], "-o", "KnownHostsCommand=/bin/echo %H %t %K"), "one key written out"),
    (DOCKER, reached(*PINNED[:2], "-o", "KnownHostsCommand=/dev/null"), "one key written out"),
    (DOCKER, reached(*PINNED[:2], "-o", "UserKnownHostsFile=/dev/null"), "no host key"),
    (COMMAND, {"connection": {"host": "h"}}, "connection.hostKey"),
    (COMMAND, {"connection": {"host": "h", "hostKey": "k", "proxy": {"host": "p"}}}, "connection.proxy.hostKey"),
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
