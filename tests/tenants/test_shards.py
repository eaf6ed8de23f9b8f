"""A tenant's stack is found by its slug alone, in one of a fixed number of projects."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from deploy.target import RunTarget
from tenants import state
from tenants.shards import SHARDS, is_tenants, project_of


@pytest.mark.parametrize(
    ("slug", "project"),
    [("acme", "smarteros-tenants-32"), ("beesmart", "smarteros-tenants-57"), ("a-1", "smarteros-tenants-29")],
)
def test_a_slugs_project_never_changes(slug: str, project: str) -> None:
    """Another one would be a stack that is not found, and a second one made beside it."""
    assert project_of(slug) == project


def test_a_thousand_tenants_are_spread_evenly() -> None:
    """No project gets more than twice its share."""
    counted = Counter(project_of(f"tenant-{number}") for number in range(1000))
    assert len(counted) == SHARDS
    assert max(counted.values()) <= 2 * 1000 / SHARDS
    assert all(is_tenants(project) for project in counted)


@pytest.mark.parametrize("project", ["smarteros", "smarteros-hosts", "smarteros-tenants-", "smarteros-tenantsx", "x"])
def test_other_projects_are_none(project: str) -> None:
    """Their stacks are no tenants."""
    assert not is_tenants(project)


def stack(folder: Path, project: str, name: str) -> None:
    file = folder / ".pulumi" / "stacks" / project / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{}")


def test_stacks_are_found_wherever_they_are(tmp_path: Path) -> None:
    """Also in the first project, where all were once; of two, the newer counts. Side files are no stacks."""
    for project, name in (
        ("smarteros-tenants", "acme.json"),
        ("smarteros-tenants", "old.json"),
        ("smarteros-tenants-63", "acme.json"),
        ("smarteros-tenants-07", "zipped.json.gz"),
        ("smarteros-tenants-07", "zipped.json.gz.bak"),
        ("smarteros-tenants-07", "broken.json.bak"),
        ("smarteros", "prod.json"),
        ("smarteros-tenants-x", "other.json"),
    ):
        stack(tmp_path, project, name)
    place = cast(RunTarget, SimpleNamespace(environ={"PULUMI_BACKEND_URL": f"file://{tmp_path}"}))
    assert state.stacks_of(place, tmp_path) == {
        "acme": "smarteros-tenants-63",
        "old": "smarteros-tenants",
        "zipped": "smarteros-tenants-07",
    }


def test_in_a_bucket_one_start_of_the_engine_finds_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By their full names."""
    asked: list[Any] = []

    def run(_place: object, _folder: Path, *words: str, **_: object) -> str:
        asked.append(words)
        return (
            '[{"name": "organization/smarteros-tenants-63/acme"}, {"name": "organization/smarteros/prod"},'
            ' {"name": "organization/smarteros-tenants/old"}, {"name": "acme"}]'
        )

    monkeypatch.setattr(state, "run", run)
    place = cast(RunTarget, SimpleNamespace(environ={"PULUMI_BACKEND_URL": "s3://bucket"}))
    found = state.stacks_of(place, tmp_path / "tenants")
    assert found == {"acme": "smarteros-tenants-63", "old": "smarteros-tenants"}
    assert asked == [("stack", "ls", "--all", "--json")]
