"""The shadow project: edits of the tracked file arrive, what only the shadow has stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import shadow
from sandbox.home import Home


def tracked(root: Path, **config: Any) -> None:
    """A clone with one stack."""
    root.mkdir(exist_ok=True)
    (root / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "smarteros", "runtime": {"name": "python"}}))
    (root / "Pulumi.backup.yaml").write_text(
        yaml.safe_dump({"config": {f"s:{key}": one for key, one in config.items()}})
    )


def refreshed(home: Home, root: Path) -> dict[str, Any]:
    """The config of the copy, brought up to date."""
    home.project.mkdir(parents=True, exist_ok=True)
    shadow.refresh(home, root, lambda stack, config: None)
    content = yaml.safe_load((home.project / "Pulumi.backup.yaml").read_text())
    return dict(content["config"])


def pulumi_writes(home: Home, **config: Any) -> None:
    """What `pulumi stack init` or `config set` leave: plain values as texts, and keys of their own."""
    file = home.project / "Pulumi.backup.yaml"
    content = yaml.safe_load(file.read_text())
    texts = {
        key: str(value).lower() if isinstance(value, bool | int) else value for key, value in content["config"].items()
    }
    file.write_text(yaml.safe_dump({**content, "encryptionsalt": "v1:x", "config": {**texts, **config}}))


@pytest.mark.parametrize(
    ("before", "after"), [(True, False), (False, True), (30, 60), ("a", "b"), ({"x": 1}, {"x": 2})]
)
def test_an_edit_arrives_though_pulumi_has_rewritten_the_copy(tmp_path: Path, before: Any, after: Any) -> None:
    """Pulumi saves `true` as the text 'true': that is not a change that was made in the shadow."""
    home, root = Home(tmp_path / "sandbox"), tmp_path / "clone"
    tracked(root, standby=before)
    assert refreshed(home, root) == {"s:standby": before}
    pulumi_writes(home)
    tracked(root, standby=after)
    assert refreshed(home, root) == {"s:standby": after}


def test_what_was_set_in_the_shadow_stays(tmp_path: Path) -> None:
    """A simulated `config set` outlives an edit of another key, and so does the salt."""
    home, root = Home(tmp_path / "sandbox"), tmp_path / "clone"
    tracked(root, standby=True, domain="a")
    refreshed(home, root)
    pulumi_writes(home, **{"s:standby": "false"})
    tracked(root, standby=True, domain="b")
    assert refreshed(home, root) == {"s:standby": "false", "s:domain": "b"}
    assert "encryptionsalt" in yaml.safe_load((home.project / "Pulumi.backup.yaml").read_text())
