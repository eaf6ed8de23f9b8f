"""A system is two files: with them, and a stack's settings, another one than SmarterOS comes up, and takes a tenant."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.conftest import ROOT, Clone

pytestmark = pytest.mark.slow
FILES = ROOT / "tests" / "integration" / "second"
FILE = "Pulumi.prod.yaml"
PLACED = {"where": "docker", "host": "vps"}
SERVICES: dict[str, Any] = {
    "traefik": {"placement": PLACED, "hostname": "*"},
    "redis": {"placement": PLACED},
    "holding": {"placement": PLACED},
    "tenants": {"database": "vps"},
    "board": {"placement": PLACED, "hostname": "board", "text": "nothing new"},
}


def as_noticeboard(clone: Clone, **changed: Any) -> None:
    """The clone's only environment is this system."""
    shutil.copy2(FILES / "settings.py", clone.root / "settings" / "systems" / "noticeboard.py")
    shutil.copy2(FILES / "components.py", clone.root / "components" / "systems" / "noticeboard.py")
    for other in clone.root.glob("Pulumi.*.yaml"):
        if other.name != FILE:
            other.unlink()
    config: dict[str, Any] = yaml.safe_load((ROOT / FILE).read_text())["config"]
    config = {key: value for key, value in config.items() if key not in ("smarteros:azure", "smarteros:ai")}
    config["smarteros:databaseServers"] = [
        one for one in config["smarteros:databaseServers"] if one["placement"]["where"] == "docker"
    ]
    named = {"system": "noticeboard", "profile": "core", "services": SERVICES, **changed}
    config |= {f"smarteros:{key}": value for key, value in named.items()}
    (clone.root / FILE).write_text(yaml.safe_dump({"config": config}))


def test_a_second_system_comes_up_and_takes_a_tenant(fresh: Clone) -> None:
    """Its own page runs beside the platform's services, at its own name; a tenant is made; again, nothing changes."""
    as_noticeboard(fresh)
    fresh.smos("up", "prod", "--yes")
    output = fresh.platform()
    assert (output["system"], output["says"]) == ("noticeboard", "nothing new")
    assert output["urls"] == {"board": "https://board.smarterbot.cl"}
    assert "botpress" not in output
    running = {one["urn"].rsplit("::", 1)[-1] for one in fresh.inventory("docker:index/container:Container")}
    assert {"board-container", "traefik-container"} <= running
    report = json.loads(fresh.smos("tenant", "apply", "acme", "--json").stdout.splitlines()[-1])
    assert report["changes"] > 0
    again = json.loads(fresh.smos("up", "prod", "--yes", "--json").stdout.splitlines()[-1])
    assert again["changes"] == 0


@pytest.mark.parametrize(
    ("changed", "where", "why"),
    [
        ({"system": "notice-board"}, "smarteros:system", "one of: noticeboard, smarteros"),
        ({"services": {**SERVICES, "n8n": {}}}, "smarteros:services/n8n", "smarteros:system: smarteros"),
        ({"services": {**SERVICES, "bord": {}}}, "smarteros:services/bord", "did you mean board?"),
        ({"profile": "full"}, "smarteros:profile", "core"),
    ],
    ids=["an unknown system", "another system's service", "no system's service", "another system's profile"],
)
def test_what_the_system_has_not_is_refused(fresh: Clone, changed: dict[str, Any], where: str, why: str) -> None:
    """With the path and the mend, before anything is made."""
    as_noticeboard(fresh, **changed)
    said = fresh.smos("up", "prod", "--yes", ok=False)
    (line,) = [one for one in (said.stdout + said.stderr).splitlines() if where in one]
    assert why in line
    assert not (fresh.home.state / ".pulumi" / "stacks" / "smarteros" / "prod.json").exists()


def test_it_is_two_files() -> None:
    """The system itself: what stands in the settings, and what makes it."""
    assert {one.name for one in Path(FILES).glob("*.py")} == {"__init__.py", "settings.py", "components.py"}
