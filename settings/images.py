"""An image, and what its tag meant when it was looked at. Which ones run, each service says (`images`), and a stack.

Tags are from the vendors' own release pages; none is ever `latest`. A tag can be moved by whoever may
push to its repository; a digest is the content itself. So what runs is told to Docker and Azure as tag and digest: the
digest is what counts, the tag says what it is. Digests stand in images.lock.json beside this file, which `./smos images
lock` writes from what the registries answer, or in smarteros:images of a stack.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from kept import Damaged, mapping
from settings.problems import fault

__all__ = ["LOCK", "Image", "at_a_version", "locked", "parsed_image", "pinned", "read_lock"]

LOCK = Path(__file__).with_name("images.lock.json")
MEND = "git checkout -- settings/images.lock.json, or ./smos images lock"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_IMAGE = re.compile(
    r"(?P<name>(?:[a-z0-9.-]+(?::[0-9]+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r":(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image at a tag, and perhaps pinned to what the tag meant when it was looked at."""

    name: str
    tag: str
    digest: str | None = None

    @property
    def tagged(self) -> str:
        """The reference with its tag and without its digest."""
        return f"{self.name}:{self.tag}"

    @property
    def reference(self) -> str:
        """As Docker and Container Apps want it."""
        return f"{self.tagged}@{self.digest}" if self.digest else self.tagged


def parsed_image(reference: str) -> Image:
    """From `name:tag` or `name:tag@sha256:…`. Raises a fault for what has no version, or one that moves."""
    found = _IMAGE.fullmatch(reference)
    if found is None or not re.search("[0-9]", found["tag"]):
        why = "not an image at a version: what has none, or a moving one, runs something else tomorrow"
        raise fault(why, "name:tag@sha256:…, as in ghcr.io/ibm/mcp-context-forge:v1.0.8@sha256:…")
    return Image(name=found["name"], tag=found["tag"], digest=found["digest"])


@cache
def locked() -> Mapping[str, str]:
    """What is locked, read once."""
    return read_lock(LOCK)


def read_lock(file: Path) -> Mapping[str, str]:
    """name:tag → digest. Raises Damaged for a file that is none."""
    try:
        found = mapping(file, MEND)
    except FileNotFoundError:
        return {}
    for tagged, digest in found.items():
        if not isinstance(digest, str) or not DIGEST.fullmatch(digest) or not _IMAGE.fullmatch(tagged):
            raise Damaged(file, f"{tagged}: {digest!r} is no image with its digest", MEND)
    return found


def pinned(image: Image) -> Image:
    """With a digest, if anybody knows it."""
    return image if image.digest else replace(image, digest=locked().get(image.tagged))


def at_a_version(value: Mapping[str, str]) -> Mapping[str, str]:
    """smarteros:images: each an image at a version. Whether anything runs it, settings.default_images says."""
    for reference in value.values():
        parsed_image(reference)
    return value
