"""A stack that is begun without a start of the engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import engine
from deploy.engine_run import run
from deploy.target import RunTarget, Target, without_pulumi
from tenants.empty_stack import begun_in_a_folder

KEY = "hashivault://states"


@pytest.fixture
def place(tmp_path: Path) -> RunTarget:
    """States in a folder that the engine has laid out, and a project."""
    found = engine.find()
    states, project = tmp_path / "states", tmp_path / "project"
    states.mkdir()
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    backend = {"PULUMI_BACKEND_URL": f"file://{states}", "PULUMI_CONFIG_PASSPHRASE": "of a test"}
    made = RunTarget(
        target=Target.REAL,
        pulumi=found.path,
        project=project,
        hosts_project=project,
        scratch=tmp_path,
        environ={**found.environ(without_pulumi()), **backend, "PULUMI_HOME": str(tmp_path / "home")},
    )
    run(made, project, "stack", "init", "theirs", capture=True)
    return made


def state(place: RunTarget, stack: str) -> Path:
    return Path(place.environ["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi/stacks/shop" / f"{stack}.json"


def test_the_engine_takes_it_for_one_of_its_own(place: RunTarget) -> None:
    """It is listed, can be exported, and is named as the engine names what it begins itself."""
    assert begun_in_a_folder(place, "shop", "ours", KEY)
    listed = json.loads(run(place, place.project, "stack", "ls", "--json", capture=True))
    assert {one["name"] for one in listed} == {"ours", "theirs"}
    exported = json.loads(run(place, place.project, "stack", "export", "--stack", "ours", capture=True))
    assert not (exported["deployment"] or {}).get("resources")
    begun, made = (json.loads(state(place, one).read_text())["checkpoint"]["stack"] for one in ("ours", "theirs"))
    assert begun.removesuffix("ours") == made.removesuffix("theirs")


def test_one_that_is_there_stays_as_it_is(place: RunTarget) -> None:
    """Whoever made it, and whatever is in it."""
    before = state(place, "theirs").read_bytes()
    assert begun_in_a_folder(place, "shop", "theirs", KEY)
    assert state(place, "theirs").read_bytes() == before
    assert not list(state(place, "theirs").parent.glob("*.new"))


@pytest.mark.parametrize(
    ("backend", "key"),
    [("s3://bucket", KEY), ("https://api.example.com", KEY), ("file:///nowhere", KEY), ("", "passphrase")],
)
def test_what_it_does_not_know_is_the_engines(place: RunTarget, backend: str, key: str) -> None:
    """Buckets, services, a folder without the engine's layout, passphrases: nothing is written."""
    environ = {**place.environ, **({"PULUMI_BACKEND_URL": backend} if backend else {})}
    other = RunTarget(
        target=place.target,
        pulumi=place.pulumi,
        project=place.project,
        hosts_project=place.hosts_project,
        scratch=place.scratch,
        environ=environ,
    )
    assert not begun_in_a_folder(other, "shop", "ours", key)
    assert not state(place, "ours").exists()
