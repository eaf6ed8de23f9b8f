"""What is up to date is not made anew; whatever became of it in between, it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy import fresh
from deploy.fresh import is_fresh, keep_fresh
from deploy.target import ROOT
from sandbox.home import Home
from sandbox.shadow import LINKED

FILES = (
    *("keyring.age", "keyring.recipients", "key.txt", "passphrase", "scene.json", "tunnel-ports.json", ".smos-target"),
    *("base/Pulumi.prod.yaml.json", "seen/Pulumi.prod.yaml", "seen/hosts/Pulumi.yaml", "hosts/203.0.113.10/host_key"),
    *("project/Pulumi.yaml", "project/Pulumi.prod.yaml", "project/access/Pulumi.yaml"),
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A sandbox's folder in which all that is made of the settings lies."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{name}\n")
    for name in LINKED:
        (tmp_path / "project" / name).symlink_to(ROOT / name)
    return Home(tmp_path)


def test_nothing_is_known_before_it_was_kept(home: Home) -> None:
    assert not is_fresh(home)
    keep_fresh(home)
    assert is_fresh(home)


@pytest.mark.parametrize("name", FILES)
def test_each_file_counts(home: Home, name: str) -> None:
    """Changed, gone, or a folder in its place."""
    keep_fresh(home)
    file = home.folder / name
    text = file.read_text()
    file.write_text(f"{text} ")
    assert not is_fresh(home)
    file.unlink()
    assert not is_fresh(home)
    file.symlink_to("nowhere")
    assert not is_fresh(home)
    file.unlink()
    file.write_text(text)
    assert is_fresh(home)


def test_a_new_file_a_link_that_has_gone_and_other_code_count(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_fresh(home)
    (home.project / "Pulumi.more.yaml").write_text("config: {}\n")
    assert not is_fresh(home)
    (home.project / "Pulumi.more.yaml").unlink()
    link = home.project / LINKED[0]
    target = link.readlink()
    link.unlink()
    assert not is_fresh(home)
    link.symlink_to(target)
    assert is_fresh(home)
    monkeypatch.setattr(fresh, "code_of", lambda _: "other code")
    assert not is_fresh(home)


def test_what_can_not_be_read_is_never_kept(home: Home) -> None:
    """Otherwise a sandbox that is damaged in the same way twice would be taken as it is."""
    (home.folder / "passphrase").unlink()
    (home.folder / "passphrase").symlink_to("nowhere")
    keep_fresh(home)
    assert not (home.folder / "fresh").exists()
    assert not is_fresh(home)
