"""An image in a stack's file: set or taken out, and not a letter besides."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from recovery.upgrade.settings_file import KEY, NotChangeable, images_in, with_images

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = "docker.n8n.io/n8nio/n8n:2.41.1@sha256:" + "b" * 64


@pytest.mark.parametrize("stack", ["prod", "backup", "local"])
def test_what_else_is_in_the_file_stays_to_the_letter(stack: str) -> None:
    """Of the tracked files: one key and its value more, every comment as it was."""
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    changed = with_images(text, {"n8n": REFERENCE})
    assert images_in(changed) == {**images_in(text), "n8n": REFERENCE}
    added = f"{KEY}:\n    n8n: {REFERENCE}\n  "
    assert changed.replace(added, "", 1) == text
    again = with_images(changed, {"n8n": REFERENCE.replace("2.41.1", "2.42.0")})
    assert again == changed.replace("2.41.1", "2.42.0")


@pytest.mark.parametrize("stack", ["prod", "backup", "local"])
def test_an_image_that_is_taken_out_leaves_all_comments(stack: str) -> None:
    """And the values as they were before it was set."""
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    back = with_images(with_images(text, {"n8n": REFERENCE}), {"n8n": None})
    assert yaml.safe_load(back) == yaml.safe_load(text)
    comments = [line.split("#", 1)[1] for line in text.splitlines() if "#" in line]
    assert [line.split("#", 1)[1] for line in back.splitlines() if "#" in line] == comments


@pytest.mark.parametrize(
    "images",
    [
        f"  {KEY}: {{ redis: 'redis:7.2.16' }} # pinned\n",
        f"  {KEY}: {{}}\n",
        f'  {KEY}:\n    # why\n    redis: "redis:7.2.16" # here\n',
    ],
)
def test_it_is_set_beside_others_however_they_are_written(images: str) -> None:
    """On one line, in none, in a block with comments."""
    text = f"config:\n{images}  smarteros:domain: example.cl # ours\n"
    changed = with_images(text, {"n8n": REFERENCE, "n8n_runners": "n8nio/runners:2.41.1"})
    assert images_in(changed) == {**images_in(text), "n8n": REFERENCE, "n8n_runners": "n8nio/runners:2.41.1"}
    assert all(
        one in changed for one in ("# ours", *[part for part in ("# pinned", "# why", "# here") if part in text])
    )


@pytest.mark.parametrize("text", ["", "[]", "config: 1", "config: {a: [}", "a: &a [*a]", f"config: {{{KEY}: 3}}"])
def test_what_is_no_settings_file_is_refused(text: str) -> None:
    """In words."""
    with pytest.raises(NotChangeable, match="Fix: "):
        with_images(text, {"n8n": REFERENCE})
