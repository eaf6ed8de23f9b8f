"""The digests of images: what each tag meant when somebody looked, written beside the tag once, and compared whenever
one asks.

A tag that means something else than what is written is told and never followed by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from deploy.image_files import pin
from deploy.registry import Manifest, RegistryError
from settings import Settings
from settings.default_images import naming_modules
from settings.images import Image, parsed_image

__all__ = ["Found", "NamedImage", "images_of", "lock", "verify"]

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


@dataclass(frozen=True, kw_only=True)
class NamedImage:
    """An image that may run, and every file that names it."""

    image: Image
    files: tuple[Path, ...]


def images_of(environments: Mapping[Path, Settings]) -> list[NamedImage]:
    """Every image that may run: the services' defaults, and what the environments (by their stacks' files) say instead.
    What smarteros:images says by a default's tag alone has that one's digest (`settings.default_images.image_of`).
    """
    files: dict[Image, dict[Path, None]] = {}
    for image, module in naming_modules():
        files.setdefault(image, {})[_file_of(module)] = None
    known = {image.tagged for image in files if image.digest}
    for file, settings in environments.items():
        said = [one for one in map(parsed_image, settings.images.values()) if one.digest or one.tagged not in known]
        running = (one for _, service in settings.services.running() for one in service.images_named())
        for image in [*said, *map(parsed_image, running)]:
            files.setdefault(image, {})[file] = None
    return [NamedImage(image=one, files=tuple(files[one])) for one in sorted(files, key=lambda each: each.reference)]


def _file_of(module: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"unreachable: {module} has no file, and was imported from one")
    return Path(spec.origin)


def lock(images: Iterable[NamedImage], resolve: Resolve, anew: bool = False) -> Iterator[Found]:
    """Asks for each that has no digest yet, with `anew` for all of them, and writes after each: what is known stays
    when a later one fails.
    """
    for named in images:
        image, before = named.image, named.image.digest or ""
        if before and not anew:
            yield Found(image.tagged, before, "locked")
            continue
        try:
            digest = resolve(image).digest
        except RegistryError as error:
            yield Found(image.tagged, before, "failed", str(error))
            continue
        if digest == before:
            yield Found(image.tagged, digest, "same")
            continue
        left = [file for file in named.files if not pin(file, image, digest)]
        if left:
            yield Found(image.tagged, before, "failed", _by_hand(image, digest, left))
        else:
            yield Found(image.tagged, digest, "new", f"was {before}" if before else "")


def _by_hand(image: Image, digest: str, left: Iterable[Path]) -> str:
    where = ", ".join(map(str, left))
    return f"{image.reference} does not stand in {where} as expected. Fix: write its digest {digest} there by hand"


def verify(images: Iterable[NamedImage], resolve: Resolve, read: Read) -> Iterator[Found]:
    """Asks of each whether what is written is still there, and whether its tag still means it. Writes nothing."""
    for image in (named.image for named in images):
        digest = image.digest
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
