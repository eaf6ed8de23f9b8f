"""The lock of images: what each tag meant when somebody looked, written once, and compared whenever one asks.

A tag that means something else than what is locked is told and never followed by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deploy.registry import Manifest, RegistryError
from kept import keep
from settings import Settings
from settings.default_images import every_default_image
from settings.images import LOCK, Image, locked, parsed_image, read_lock

__all__ = ["Found", "images_of", "lock", "verify"]

Resolve = Callable[[Image], Manifest]
Read = Callable[[Image, str], Manifest]


@dataclass(frozen=True)
class Found:
    """What became of one image."""

    image: str
    digest: str
    state: Literal["locked", "same", "new", "moved", "unlocked", "failed"]
    detail: str = ""

    @property
    def good(self) -> bool:
        """Whether it runs as it was looked at."""
        return self.state in ("locked", "same", "new")


def images_of(environments: Iterable[Settings]) -> list[Image]:
    """Every image that may run: the defaults, and what the environments say instead."""
    found = {one.tagged: one for one in every_default_image().values()}
    for settings in environments:
        named = [
            *settings.images.values(),
            *(one for _, service in settings.services.running() for one in service.images_named()),
        ]
        found |= {one.tagged: one for one in map(parsed_image, named)}
    return [found[key] for key in sorted(found)]


def lock(images: Iterable[Image], resolve: Resolve, anew: bool = False, file: Path = LOCK) -> Iterator[Found]:
    """Asks for each that has no digest yet, with `anew` for all of them, and writes after each: what is known stays
    when a later one fails.
    """
    known = dict(read_lock(file))
    for image in images:
        before = image.digest or known.get(image.tagged)
        if before and (image.digest or not anew):
            yield Found(image.tagged, before, "locked", "in the stack's file" if image.digest else "")
            continue
        try:
            digest = resolve(image).digest
        except RegistryError as error:
            yield Found(image.tagged, before or "", "failed", str(error))
            continue
        known[image.tagged] = digest
        keep(file, json.dumps(dict(sorted(known.items())), indent=2) + "\n")
        file.chmod(0o644)  # a file of the repository
        locked.cache_clear()
        yield Found(image.tagged, digest, "same" if before == digest else "new", f"was {before}" if before else "")


def verify(images: Iterable[Image], resolve: Resolve, read: Read, file: Path = LOCK) -> Iterator[Found]:
    """Asks of each whether what is locked is still there, and whether its tag still means it. Writes nothing."""
    known = read_lock(file)
    for image in images:
        digest = image.digest or known.get(image.tagged, "")
        if not digest:
            yield Found(image.tagged, "", "unlocked", "no digest is known. Fix: ./smos images lock")
            continue
        try:
            read(image, digest)
            now = resolve(image).digest
        except RegistryError as error:
            yield Found(image.tagged, digest, "failed", str(error))
            continue
        moved = f"its tag means {now} now: look at what changed, then ./smos images lock --anew"
        yield Found(image.tagged, digest, "same") if now == digest else Found(image.tagged, digest, "moved", moved)
