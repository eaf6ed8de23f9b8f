"""What an environment was at a git tag: its settings' file, and which images its services' defaults were then.

The code of then is read, never run: the defaults are plain literals in settings/, each with its digest. In versions
before, digests stood in a lock, which is JSON.
"""

from __future__ import annotations

import ast
import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic_core import PydanticCustomError

from kept.operator_error import OperatorError
from recovery.upgrade.settings_file import images_in
from settings.images import DIGEST, Image, parsed_image

__all__ = ["AtTag", "NoSuchTag", "at_tag", "defaults_in"]

TIMEOUT_S = 30
_LOCK = "settings/images.lock.json"


class NoSuchTag(OperatorError):
    """A word that is no commit, or one at which there is no such environment."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class AtTag:
    """As it was."""

    tag: str
    commit: str
    settings: str
    """The text of the settings' file."""
    images: Mapping[str, Image]
    """Whose image → which one, as the file and the defaults of then said; with the digest of then."""


def at_tag(root: Path, tag: str, stack: str) -> AtTag:
    """Reads it out of git. Raises NoSuchTag. Changes nothing."""
    if tag.startswith("-") or not tag:
        raise NoSuchTag(f"{tag!r} is no tag. Fix: one of `git tag`")
    commit = _git(root, "rev-parse", "--verify", "--quiet", f"{tag}^{{commit}}")
    if commit is None:
        known = (_git(root, "tag", "--sort=-creatordate") or "").split()[:5]
        raise NoSuchTag(
            f"{tag}: git knows no such tag. Fix: one of {', '.join(known) or '`git tag`: there is none yet'}"
        )
    commit = commit.strip()
    text = _git(root, "show", f"{commit}:Pulumi.{stack}.yaml")
    if text is None:
        raise NoSuchTag(f"{tag}: there was no Pulumi.{stack}.yaml. Fix: another tag, or another --stack")
    return AtTag(tag=tag, commit=commit, settings=text, images=_images(root, commit, text))


def _images(root: Path, commit: str, text: str) -> dict[str, Image]:
    listed = _git(root, "ls-tree", "-r", "--name-only", commit, "--", "settings") or ""
    found: dict[str, Image] = {}
    for name in listed.splitlines():
        if name.endswith(".py"):
            found.update(defaults_in(_git(root, "show", f"{commit}:{name}") or ""))
    for key, reference in images_in(text).items():
        try:
            found[key] = parsed_image(reference)
        except PydanticCustomError:
            raise NoSuchTag(
                f"{commit[:12]}: smarteros:images/{key} was {reference!r}, no image. Fix: another tag"
            ) from None
    lock = _locked(_git(root, "show", f"{commit}:{_LOCK}") or "{}")
    return {
        key: image if image.digest else Image(name=image.name, tag=image.tag, digest=lock.get(image.tagged))
        for key, image in found.items()
    }


def defaults_in(source: str) -> Iterator[tuple[str, Image]]:
    """The `"key": Image(name=…, tag=…)` pairs of a module, wherever they stand in it."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                image = _image(value)
                if isinstance(key, ast.Constant) and isinstance(key.value, str) and image is not None:
                    yield key.value, image


def _image(node: ast.expr) -> Image | None:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Image"):
        return None
    words = {one.arg: one.value.value for one in node.keywords if isinstance(one.value, ast.Constant)}
    name, tag, digest = words.get("name"), words.get("tag"), words.get("digest")
    if not isinstance(name, str) or not isinstance(tag, str):
        return None
    return Image(name=name, tag=tag, digest=digest if isinstance(digest, str) else None)


def _locked(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    pairs = found.items() if isinstance(found, dict) else ()
    return {tagged: digest for tagged, digest in pairs if isinstance(digest, str) and DIGEST.fullmatch(digest)}


def _git(root: Path, *arguments: str) -> str | None:
    """Its output; None when git says no. Raises NoSuchTag where there is no git, or no clone."""
    try:
        done = subprocess.run(  # noqa: S603  git itself, without a shell; a tag never begins with a hyphen
            ["git", *arguments],  # noqa: S607  the operator's own git, wherever it is
            cwd=root,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoSuchTag(f"git can't be asked in {root}: {error}. Fix: a clone with its history, and git") from None
    return done.stdout if done.returncode == 0 else None
