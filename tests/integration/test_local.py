"""`local` on the simulated engine of this machine: up, again, reached on its ports, a service less, and gone."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

import psycopg
import pytest
import yaml

from tests.integration.conftest import Clone
from tests.integration.test_backup import facts, state_of

pytestmark = pytest.mark.slow


def published(state: dict[str, dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Container → (port of this machine, its own); refuses every other address than the loopback's."""
    found: dict[str, tuple[int, int]] = {}
    for name, inputs in state.items():
        for port in inputs.get("ports") or []:
            assert port.get("ip") == "127.0.0.1", f"{name} is published on {port.get('ip', 'every address')}"
            found[name.removesuffix("-container")] = (int(port["external"]), int(port["internal"]))
    return found


def environment(container: dict[str, Any]) -> dict[str, str]:
    """What a container is told, secrets included."""
    return dict(text(line).split("=", 1) for line in container["envs"])


def text(value: Any) -> str:
    """A text of an exported state, also where it is a secret that is shown."""
    return str(json.loads(value["plaintext"])) if isinstance(value, dict) else str(value)


def lets_in(port: int, envs: dict[str, str]) -> str:
    """Which database PostgreSQL opens there to whoever logs in as n8n does."""
    with psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=envs["DB_POSTGRESDB_USER"],
        password=envs["DB_POSTGRESDB_PASSWORD"],
        dbname=envs["DB_POSTGRESDB_DATABASE"],
        connect_timeout=5,
    ) as connection:
        row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None
    return str(row[0])


def without(clone: Clone, *services: str) -> None:
    """Leaves services out of the clone's own file."""
    file = clone.root / "Pulumi.local.yaml"
    document = yaml.safe_load(file.read_text())
    for key in services:
        del document["config"]["smarteros:services"][key]
    file.write_text(yaml.safe_dump(document, sort_keys=False))


def test_it_comes_up_stays_as_it_is_and_goes(fresh: Clone) -> None:
    """Without an account, a zone or a server; nobody else reaches it; a second time changes nothing."""
    clone = fresh
    assert facts(clone, "up", "local", "--yes")["changes"] > 60
    again = facts(clone, "up", "local", "--yes")
    assert (again["changes"], again["violations"]) == (0, 0)
    assert facts(clone, "preview", "local")["changes"] == 0
    assert not [one for one in clone.inventory() if re.search("azure|cloudflare|command", one["token"])]

    state = state_of(clone, "local")
    ports = published(state)
    assert ports["botpress"] == (3010, 3000)
    assert ports["traefik"] == (8080, 80)
    port, inside = ports["postgres-own"]
    assert (inside, lets_in(port, environment(state["n8n-container"]))) == (5432, "n8n")
    with socket.create_connection(("127.0.0.1", ports["redis"][0]), 5) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(64).startswith(b"-NOAUTH")

    assert "is open" in clone.smos("vault", "init", "local").stdout
    assert "nothing to prepare" in clone.smos("host", "up", "local", "--yes").stderr
    assert "behind SSH" in clone.smos("tunnel", "local").stderr

    without(clone, "botpress", "odoo")
    less = facts(clone, "up", "local", "--yes")
    assert less["changes"] > 0
    state = state_of(clone, "local")
    assert "botpress" not in published(state)
    assert not [name for name in state if name.startswith(("odoo", "botpress"))]
    assert lets_in(port, environment(state["n8n-container"])) == "n8n"

    facts(clone, "destroy", "local", "--yes")
    assert [one for one in clone.inventory() if not one["token"].startswith("sandbox:")] == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_what_a_service_lacks_is_said_before_anything_is_made(fresh: Clone) -> None:
    """n8n without the proxy of its name: the place in the file, and the line that mends it."""
    without(fresh, "traefik")
    done = fresh.smos("up", "local", "--yes", ok=False)
    assert "smarteros:services/n8n/placement/host" in done.stderr
    assert "Fix: services.traefik on that host" in done.stderr
    assert fresh.inventory("docker") == []
