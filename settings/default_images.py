"""Which images run where a stack says no other: what each service says of itself, and the database servers' own.

Tags as of August 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from settings.database_server import UPGRADES as POSTGRES_UPGRADES
from settings.findings import Finding
from settings.images import Image, parsed_image
from settings.problems import did_you_mean
from settings.services import PlatformServices
from settings.services.upgrades import UpgradeRules
from settings.systems import SYSTEMS

__all__ = [
    "default_images",
    "every_default_image",
    "image_of",
    "images_are_known",
    "naming_modules",
    "pinned",
    "upgrade_rules",
]

# The same major version as the Flexible Server: a dump of one restores into the other.
_OF_THE_PLATFORM = {
    "postgres": Image(
        name="pgvector/pgvector",
        tag="0.8.6-pg17",
        digest=None,
    ),
}


@cache
def default_images(services: type[PlatformServices]) -> Mapping[str, Image]:
    """Whose image → which one."""
    return _OF_THE_PLATFORM | {key: image for _, kind in services.kinds() for key, image in kind.images.items()}


@cache
def upgrade_rules(services: type[PlatformServices]) -> Mapping[str, UpgradeRules]:
    """Whose image → what is known of its upgrades."""
    return {"postgres": POSTGRES_UPGRADES} | {
        key: rules for _, kind in services.kinds() for key, rules in kind.upgrades.items()
    }


@cache
def every_default_image() -> Mapping[str, Image]:
    """The same of all systems."""
    return {key: image for one in SYSTEMS.values() for key, image in default_images(one.services).items()}


def naming_modules() -> Iterator[tuple[Image, str]]:
    """Each default image of all systems, and the module in which its tag and its digest stand."""
    yield from ((image, __name__) for image in _OF_THE_PLATFORM.values())
    for system in SYSTEMS.values():
        for _, kind in system.services.kinds():
            yield from ((image, kind.__module__) for image in kind.images.values())


def image_of(key: str, services: type[PlatformServices], given: Mapping[str, str]) -> Image:
    """What runs: what the stack says, else the default."""
    return pinned(parsed_image(given[key])) if key in given else default_images(services)[key]


def pinned(image: Image) -> Image:
    """Who names a default's tag means the default's digest, if he says no other."""
    if image.digest:
        return image
    return next((one for one in every_default_image().values() if one.tagged == image.tagged), image)


def images_are_known(system: str, images: Mapping[str, str]) -> Iterator[Finding]:
    """smarteros:images: names that there are, and one version where there must be one."""
    services = SYSTEMS[system].services
    known = default_images(services)
    for key, reference in images.items():
        if key not in known:
            yield ("images",), reference, f"{key}: no image is called so", did_you_mean(key, list(known))
    for one, other in (pair for _, kind in services.kinds() for pair in kind.same_tags):
        tags = [image_of(key, services, images).tag for key in (one, other)]
        if tags[0] != tags[1]:
            why = f"{one} is {tags[0]}, and {other} is {tags[1]}"
            yield ("images",), images, why, f"the same version for {one} and {other}"
