"""A start takes as long as it takes: nobody who watches a container's health ends a migration in its middle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components.placements.azure.app import refuse
from components.placements.azure.template import MOST_FAILURES, MOST_PERIOD_S
from components.workload import Health, Workload
from tests.components.declared import platform, resolved
from tests.components.test_n8n import declared

NEEDS_S = {
    # A migration of a large database: n8n-io/n8n#17190 tells of more than five minutes.
    "n8n": 900,
    "n8n-worker": 900,
    # Liquibase, after an upgrade.
    "metabase": 900,
    # Alembic, and Botpress' own.
    "mcp": 600,
    "botpress": 600,
    # What was written since the last checkpoint, after a crash.
    "postgres-vps": 300,
}
"""How long a start may take, by what is known of it; a minute for all others."""


def seconds(duration: str) -> int:
    """As Docker has it: 1m30s."""
    minutes, _, rest = duration.rpartition("m")
    return int(minutes or 0) * 60 + int(rest.removesuffix("s"))


def containers() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Those of hosts that run, of every stack."""
    for stack in ("prod", "backup", "local"):
        for one in platform(stack):
            inputs = resolved(one.inputs) if one.token == "docker:index/container:Container" else {}
            if inputs.get("healthcheck"):
                yield one.name.removesuffix("-container"), inputs


def test_a_host_waits_as_long_as_the_service_needs() -> None:
    """Docker calls it unhealthy only after that, and the provider, who would make it anew, gives up no earlier."""
    seen = set()
    for name, inputs in containers():
        health = inputs["healthcheck"]
        start = seconds(health["startPeriod"])
        assert start >= NEEDS_S.get(name, 60), name
        unhealthy = start + health["retries"] * (seconds(health["interval"]) + seconds(health["timeout"]))
        assert inputs["waitTimeout"] >= unhealthy, name
        seen.add(name)
    assert seen >= {"n8n", "metabase", "mcp", "postgres-vps"}


def probes(name: str) -> dict[str, dict[str, Any]]:
    """Those of n8n's main process or of its worker, on Container Apps."""
    (app,) = [one for one in declared("azure", "queue").values() if one.name == f"{name}-app"]
    container = resolved(app.inputs)["template"]["containers"][0]
    return {one["type"]: one for one in container["probes"]}


@pytest.mark.parametrize("name", ["n8n", "n8n-worker"])
def test_container_apps_starts_nobody_anew_who_migrates(name: str) -> None:
    """n8n answers that it is alive while it migrates; its worker answers only afterwards, and is waited for."""
    found = probes(name)
    assert [found[kind]["httpGet"]["path"] for kind in ("Startup", "Liveness")] == ["/healthz", "/healthz"]
    assert found["Readiness"]["httpGet"]["path"] == "/healthz/readiness"
    waited = found["Startup"]["failureThreshold"] * found["Startup"]["periodSeconds"]
    assert waited >= (NEEDS_S[name] if name == "n8n-worker" else 60)
    # Who is quick is asked again soon: the first visitor waits no longer.
    assert name == "n8n-worker" or found["Startup"]["periodSeconds"] <= 30


@pytest.mark.parametrize("name", ["n8n", "n8n-worker"])
def test_probes_are_within_what_container_apps_takes(name: str) -> None:
    """failureThreshold up to 10, periodSeconds up to 240."""
    for probe in probes(name).values():
        assert 1 <= probe["failureThreshold"] <= MOST_FAILURES
        assert 1 <= probe["periodSeconds"] <= MOST_PERIOD_S


def test_a_start_that_container_apps_can_not_wait_for_is_refused() -> None:
    """Rather than cut off at 40 minutes."""
    health = Health(http_path="/", start_s=MOST_FAILURES * MOST_PERIOD_S + 1)
    with pytest.raises(Exception, match=r"slow/health: Container Apps waits 2400 s for a start at most, not 2401"):
        refuse("slow", Workload(image="a:1", port=80, health=health, cpu=0.5, memory_mb=1024))


@pytest.mark.parametrize(
    "wrong",
    [
        {"command": ["true"], "alive_path": "/"},
        {"http_path": "/", "alive_s": 5},
        {"http_path": "/", "alive_path": "/a", "alive_s": 90, "start_s": 60},
    ],
)
def test_health_that_contradicts_itself_is_refused(wrong: dict[str, Any]) -> None:
    """A second path is for HTTP, and is answered before the first."""
    with pytest.raises(ValueError, match="health: alive"):
        Health(**wrong)
