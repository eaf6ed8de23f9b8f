"""A git tag read without running its code, and what may go back to it: older code never meets newer data."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from recovery.upgrade import history
from recovery.upgrade.at_tag import AtTag, NoSuchTag, at_tag, defaults_in
from recovery.upgrade.rollback import NoWayBack, changes_to, settings_then
from settings import load_files
from settings.images import Image

ROOT = Path(__file__).resolve().parents[3]
DIGEST = "sha256:" + "c" * 64


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with a tag, at which n8n was older, and Redis pinned by the stack."""
    (tmp_path / "settings" / "services").mkdir(parents=True)
    image = 'Image(name="docker.n8n.io/n8nio/n8n", tag="2.30.1")'
    module = f'images: X = {{"n8n": {image}, "other": 3}}\nraise SystemExit("run")\n'
    (tmp_path / "settings" / "services" / "n8n.py").write_text(module)
    (tmp_path / "settings" / "images.lock.json").write_text(f'{{"docker.n8n.io/n8nio/n8n:2.30.1": "{DIGEST}"}}')
    (tmp_path / "Pulumi.prod.yaml").write_text('config:\n  smarteros:images: { redis: "redis:7.2.15" }\n')
    who = ("-c", "user.name=a", "-c", "user.email=a@example.cl")
    for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "then"), ("tag", "v0.1.0")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def test_what_was_at_a_tag_is_read_and_never_run(clone: Path) -> None:
    """Defaults from the literals, with the lock's digest; what the stack said wins."""
    at = at_tag(clone, "v0.1.0", "prod")
    assert at.images["n8n"] == Image(name="docker.n8n.io/n8nio/n8n", tag="2.30.1", digest=DIGEST)
    assert at.images["redis"].tag == "7.2.15"
    assert set(at.images) == {"n8n", "redis"}


@pytest.mark.parametrize(("tag", "stack"), [("v9", "prod"), ("--all", "prod"), ("", "prod"), ("v0.1.0", "backup")])
def test_what_is_no_tag_of_it_is_refused(clone: Path, tag: str, stack: str) -> None:
    """With those that there are."""
    with pytest.raises(NoSuchTag, match=r"Fix: "):
        at_tag(clone, tag, stack)


def test_this_clones_own_defaults_can_be_read() -> None:
    """Or a return to today would lose them."""
    found = dict(defaults_in((ROOT / "settings" / "services" / "n8n.py").read_text(encoding="utf-8")))
    assert set(found) == {"n8n", "n8n_runners"}


def test_older_code_needs_the_data_that_it_left() -> None:
    """From the upgrade that left it, by its backup; without one, none is known."""
    settings = load_files("prod", ROOT)
    then = {
        "chatwoot": Image(name="chatwoot/chatwoot", tag="v4.17.0-ce"),
        "traefik": Image(name="traefik", tag="v3.7.1"),
    }
    at = AtTag(tag="v0.1.0", commit="c", settings="", images=then)
    (traefik, chatwoot) = changes_to(settings, at, [])
    assert (chatwoot.needs_data, chatwoot.backup, traefik.needs_data) == (True, "", False)
    left = [
        history.Upgrade(service="chatwoot", before="v4.17.0-ce", after="v4.18.0-ce", backup=backup, at="x")
        for backup in ("20260101-000000", "20260201-000000")
    ]
    assert changes_to(settings, at, left)[1].backup == "20260201-000000"


def test_another_major_that_no_image_makes_stops_it() -> None:
    """Odoo's databases can't be brought back by an image."""
    at = AtTag(tag="v0", commit="c", settings="", images={"odoo": Image(name="odoo", tag="18.0-20260817")})
    with pytest.raises(NoWayBack, match="can't be opened by another"):
        changes_to(load_files("prod", ROOT), at, [])


def test_settings_go_back_key_by_key_and_a_runs_own_stay() -> None:
    """What only the run's copy has, it keeps; what was tracked since goes; comments stay."""
    now = "config:\n  a: 1 # kept\n  b: 2\n  own: here\n"
    changed = settings_then(now, "config: {a: 1, b: 2}", "config: {a: 1, b: 3, gone: 4}")
    assert yaml.safe_load(changed) == {"config": {"a": 1, "b": 3, "own": "here", "gone": 4}}
    assert "# kept" in changed
    assert yaml.safe_load(settings_then(now, "config: {a: 1, b: 2}", "config: {a: 1}")) == {
        "config": {"a": 1, "own": "here"}
    }


def test_the_history_keeps_what_an_upgrade_began_with(tmp_path: Path) -> None:
    """In order."""
    file = tmp_path / "upgrades.json"
    for after in ("v2", "v3"):
        history.added(file, service="x", before="v1", after=after, backup=f"id-{after}")
    found = history.fitting(history.read(file), "x", "v1")
    assert found is not None
    assert found.backup == "id-v3"
    assert history.fitting(history.read(file), "x", "v9") is None
