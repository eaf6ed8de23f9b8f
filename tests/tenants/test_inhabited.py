"""Who lives on an environment, by the states of the tenants' stacks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.guards import NotReady
from deploy.target import RunTarget, Target
from tenants.inhabited import living_on, refuse_inhabited

RESOURCE = {"urn": "urn:pulumi:acme::smarteros-tenants::x:y:Z::one", "type": "x:y:Z", "custom": True, "id": "1"}


@pytest.fixture
def place(tmp_path: Path) -> RunTarget:
    """One whose states are files."""
    return RunTarget(
        target=Target.SANDBOX,
        pulumi=tmp_path / "pulumi",
        project=tmp_path / "project",
        hosts_project=tmp_path / "project" / "hosts",
        scratch=tmp_path,
        environ={"PULUMI_BACKEND_URL": f"file://{tmp_path}/state"},
        ssh_config=tmp_path / "ssh_config",
    )


def stack(folder: Path, slug: str, environment: str | None, *, empty: bool = False) -> None:
    """A tenant's state; of one whose first run did not end, there are no outputs."""
    given = {} if environment is None else {"tenant": {"environment": environment}}
    top = {
        "urn": f"urn:pulumi:{slug}::smarteros-tenants::pulumi:pulumi:Stack::s",
        "type": "pulumi:pulumi:Stack",
        "outputs": given,
    }
    file = folder / "state" / ".pulumi" / "stacks" / "smarteros-tenants" / f"{slug}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    resources = [] if empty else [top, RESOURCE]
    file.write_text(json.dumps({"version": 3, "checkpoint": {"stack": slug, "latest": {"resources": resources}}}))


def test_who_lives_there_is_named(place: RunTarget, tmp_path: Path) -> None:
    """Who lives elsewhere is not; one that nobody knows where it lives counts, an empty stack doesn't."""
    stack(tmp_path, "acme", "prod")
    stack(tmp_path, "other", "backup")
    stack(tmp_path, "unfinished", None)
    stack(tmp_path, "gone", None, empty=True)
    assert living_on(place, "prod") == ["acme", "unfinished"]
    with pytest.raises(NotReady, match="2 tenants live on prod: acme, unfinished"):
        refuse_inhabited(place, "prod")


def test_nobody_keeps_an_empty_environment(place: RunTarget, tmp_path: Path) -> None:
    stack(tmp_path, "other", "backup")
    refuse_inhabited(place, "prod")
