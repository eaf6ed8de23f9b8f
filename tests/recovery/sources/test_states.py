"""A state that is lost, of the platform or of a tenant, comes back from a backup as it was; what was there is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from recovery.manifest import Part
from recovery.sources import states
from recovery.sources.source import Context, NotRestorable
from recovery.sources.states import OPERATOR, StatesSource, source_of, sources
from tests.recovery.sources.contexts import context, part_of

NAME = "_restored_20261130_120000"
STACKS = {
    "smarteros": "prod",
    "smarteros-access": "prod",
    "smarteros-tenants-32": "acme",
    "smarteros-tenants-41": "beta",
}


class There:
    """States in files, as the engine keeps them."""

    def __init__(self, folder: Path) -> None:
        self.files, self.folder = folder / "state" / ".pulumi" / "stacks", folder / "backup"
        self.folder.mkdir()
        for project, stack in STACKS.items():
            self.write(project, stack, "made")
        place: Any = SimpleNamespace(
            environ={"PULUMI_BACKEND_URL": f"file://{folder / 'state'}"},
            target="sandbox",
            project=folder / "project",
            hosts_project=folder / "project" / "hosts",
            scratch=folder / "runs",
        )
        self.ctx: Context = replace(context(SimpleNamespace(stack="prod"), place), slugs=("acme", "beta"))
        (self.source,) = sources(self.ctx)

    def write(self, project: str, stack: str, value: str) -> None:
        """A state with one resource."""
        urn = f"urn:pulumi:{stack}::{project}::random:index/randomId:RandomId::{value}"
        latest = {"resources": [{"urn": urn, "type": "random:index/randomId:RandomId"}]}
        file = self.files / project / f"{stack}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"version": 3, "checkpoint": {"stack": f"x/{project}/{stack}", "latest": latest}}))

    def seen(self) -> dict[str, Any]:
        """Every deployment."""
        found = {}
        for file in sorted(self.files.glob("*/*.json")):
            found[f"{file.parent.name}/{file.stem}"] = json.loads(file.read_text())["checkpoint"]["latest"]
        return found

    def captured(self) -> Part:
        """A backup, in `folder`."""
        with self.source.capture(self.ctx, self.folder) as captured:
            return part_of(captured, "states")


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> There:
    """With a platform, its Vault's inside and two tenants."""
    monkeypatch.setattr(states, "keeps_in", lambda _target: tmp_path / "kept")
    return There(tmp_path)


def test_a_lost_state_comes_back_and_what_was_there_is_kept(there: There, tmp_path: Path) -> None:
    """Through all steps; a second time it is the same."""
    part, before = there.captured(), there.seen()
    assert part.digests.rows == {f"{project}/{stack}": 1 for project, stack in STACKS.items()}
    (there.files / "smarteros-tenants-32" / "acme.json").unlink()
    there.write("smarteros", "prod", "made since")
    there.source.restore_beside(there.ctx, there.folder, part, NAME)
    assert there.source.check(there.ctx, part, NAME) == []
    assert there.seen() != before
    for _ in range(2):
        old = there.source.put_in_place(there.ctx, part, NAME)
        assert there.seen() == before
    kept = tmp_path / "kept" / "recovery" / "states" / old
    assert "made since" in (kept / "smarteros.prod.json").read_text()
    with pytest.raises(NotRestorable):
        there.source.remove_old(there.ctx, NAME)
    there.source.remove_old(there.ctx, old)
    assert not kept.exists()


def test_a_state_that_came_back_otherwise_is_told(there: There) -> None:
    """By its project and stack: another resource, or none."""
    part = there.captured()
    file = there.folder / "smarteros-tenants-41.beta.json"
    file.write_text(file.read_text().replace("made", "mode"))
    (there.folder / "smarteros-access.prod.json").unlink()
    there.source.restore_beside(there.ctx, there.folder, part, NAME)
    found = "\n".join(there.source.check(there.ctx, part, NAME))
    assert "smarteros-tenants-41/beta: content" in found
    assert "smarteros-access/prod: rows 1 in the backup, none found" in found


def test_whose_failure_domain_a_state_is_in() -> None:
    """Of files: the operator's machine, in which no store is; else the bucket's vendor."""
    part: Any = SimpleNamespace(kind="states")
    for backend, domain in (
        ("file:///x", OPERATOR),
        ("azblob://states?storage_account=st", "azure"),
        ("s3://states?endpoint=https%3A%2F%2Fx.r2.cloudflarestorage.com", "cloudflare"),
        ("s3://states", "other"),
    ):
        ctx = context(SimpleNamespace(stack="prod"), SimpleNamespace(environ={"PULUMI_BACKEND_URL": backend}))
        assert source_of(ctx, part) == StatesSource(domain)
    assert source_of(ctx, SimpleNamespace(kind="zone")) is None  # type: ignore[arg-type] # as much of a part as is asked for
