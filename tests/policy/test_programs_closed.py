"""No program is told to open itself."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import Facts, Marked
from policy.rules.programs_closed import RULE
from tests.policy.judged import said

BOX, APP = "docker:index/container:Container", "azure-native:app:ContainerApp"


def box(name: str = "n8n", **more: Any) -> dict[str, Any]:
    """A container."""
    return {"name": f"s-prod-{name}", **more}


RIGHT: list[tuple[str, dict[str, Any]]] = [
    (BOX, box(envs=["TZ=UTC", "N8N_METRICS=false", Marked("A=b"), Marked("A=c")])),
    (BOX, box("traefik-docker-api", envs=["CONTAINERS=1", "NETWORKS=1", "POST=0", "LOG_LEVEL=warning"])),
    (BOX, box("traefik", command=["--api=false", "--entrypoints.websecure.address=:443"])),
    (BOX, box("postgres-vps", command=["postgres", "-c", "max_connections=100"])),
    (BOX, box("postgres-vps", command=["postgres", "-c", "wal_level=replica", "-c", "max_slot_wal_keep_size=4096MB"])),
    (APP, {"template": {"containers": [{"name": "n8n", "env": [{"name": "TZ", "value": "UTC"}]}]}}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (BOX, box(envs=["LD_PRELOAD=/x"]), "loads code"),
    (BOX, box(envs=["https_proxy=http://x"]), "through another"),
    (BOX, box(envs=["NODE_TLS_REJECT_UNAUTHORIZED=0"]), "opens the program"),
    (BOX, box(envs=["N8N_SECURE_COOKIE=false"]), "opens the program"),
    (BOX, box(envs=["POSTGRES_HOST_AUTH_METHOD=trust"]), "opens the program"),
    (BOX, box(envs=["POSTGRES_INITDB_ARGS=--auth=trust"]), "opens the program"),
    (BOX, box(envs=["TZ=UTC", "TZ=CET"]), "twice"),
    (BOX, box("traefik-docker-api", envs=["POST=1"]), "told POST"),
    (BOX, box("traefik", command=["--api.insecure=true"]), "told --api.insecure"),
    (BOX, box("traefik", command=["--entrypoints.web.forwardedheaders.trustedips=0.0.0.0/0"]), "trustedips"),
    (BOX, box("postgres-vps", command=["postgres", "-c", "fsync=off"]), "told fsync"),
    (BOX, box("postgres-vps", command=["postgres", "-c", "wal_level=minimal"]), "told wal_level"),
    (BOX, box("postgres-vps", command=["postgres", "-c", "max_slot_wal_keep_size=-1"]), "told max_slot_wal_keep_size"),
    (APP, {"template": {"initContainers": [{"env": [{"name": "NODE_OPTIONS", "value": "-r x"}]}]}}, "loads code"),
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


def test_a_developers_own_machine_has_no_tls() -> None:
    """So cookies are sent without it there."""
    own = Facts(environment="local", own_machine=True)
    assert said(RULE, BOX, box(envs=["N8N_SECURE_COOKIE=false"]), own) == []
