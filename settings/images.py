"""An image, and what its tag meant when it was looked at. Which ones run, each service says (`images`), and a stack.

Tags are from the vendors' own release pages; none is ever `latest`. A tag can be moved by whoever may
push to its repository; a digest is the content itself. So what runs is told to Docker and Azure as tag and digest: the
digest is what counts, the tag says what it is. Both stand where the image is named; `./smos images lock` writes the
digests there from what the registries answer. Nothing is looked up or written here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from settings.problems import fault

__all__ = ["DIGEST", "Image", "at_a_version", "parsed_image"]

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


def at_a_version(value: Mapping[str, str]) -> Mapping[str, str]:
    """smarteros:images: each an image at a version. Whether anything runs it, settings.default_images says."""
    for reference in value.values():
        parsed_image(reference)
    return value
