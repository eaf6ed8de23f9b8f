"""A stack of a few resources on a sandbox of its own, run by the real engine: for what only the engine can prove."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import engine
from deploy.engine_run import EngineFailed, run
from deploy.target import RunTarget, Target, without_pulumi
from sandbox import client
from sandbox.home import Home

STACK = "dev"
GUID = "00000000-0000-4000-8000-000000000001"
PROGRAM = """
import json, pathlib
import pulumi

made = {}
for one in json.loads(pathlib.Path("resources.json").read_text()):
    inputs = dict(one["inputs"])
    for key, source in one.get("from", {}).items():
        name, output = source.split(".")
        inputs[key] = getattr(made[name], output) if hasattr(made[name], output) else made[name].id
    for key in one.get("secret", ()):
        inputs[key] = pulumi.Output.secret(inputs[key])
    options = pulumi.ResourceOptions(
        protect=one.get("protect"), depends_on=[made[name] for name in one.get("after", ())]
    )
    made[one["name"]] = pulumi.CustomResource(one["type"], one["name"], inputs, options)
"""


class SmallStack:
    """Its program declares what a list says."""

    def __init__(self, folder: Path, running: Any, home: Home) -> None:
        self.project = folder / "project"
        self.project.mkdir(parents=True)
        (folder / "state").mkdir()
        found = engine.find()
        environ = {
            **without_pulumi(),
            **client.environment(home, running, found.path),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "only for this test",
        }
        environ.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
        self.place = RunTarget(
            target=Target.SANDBOX,
            pulumi=found.path,
            project=self.project,
            hosts_project=self.project,
            scratch=folder,
            environ=found.environ(environ),
        )
        (self.project / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
        (self.project / "__main__.py").write_text(PROGRAM)
        self.declare([])
        self.pulumi("stack", "init", STACK)
        for key in ("subscriptionId", "tenantId"):
            self.pulumi("config", "set", f"azure-native:{key}", GUID, "--stack", STACK)

    def declare(self, resources: list[dict[str, Any]]) -> None:
        """What the program declares from now on: type, name, inputs; optionally protect, after, from, secret."""
        (self.project / "resources.json").write_text(json.dumps(resources))

    def pulumi(self, *arguments: str) -> str:
        """The engine's own words; EngineFailed when it fails."""
        return run(self.place, self.project, *arguments, capture=True)

    def up(self) -> str:
        """Without any guard."""
        return self.pulumi("up", "--yes", "--skip-preview", "--stack", STACK)

    def fails(self, *arguments: str) -> str:
        """What the engine says when it fails, as it must."""
        with pytest.raises(EngineFailed) as failure:
            self.pulumi(*arguments)
        return str(failure.value)

    def names(self) -> set[str]:
        """What is in the state, without providers and the stack itself."""
        exported = json.loads(self.pulumi("stack", "export", "--stack", STACK))
        return {
            one["urn"].rpartition("::")[2]
            for one in exported["deployment"].get("resources", [])
            if not one["type"].startswith("pulumi:")
        }


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Simulated clouds of this module's own."""
    home = Home(tmp_path_factory.mktemp("clouds") / "sandbox")
    client.start(home)
    try:
        yield home
    finally:
        client.stop(home)


@pytest.fixture
def small(clouds: Home, tmp_path: Path) -> SmallStack:
    """An empty stack."""
    return SmallStack(tmp_path, client.start(clouds), clouds)
