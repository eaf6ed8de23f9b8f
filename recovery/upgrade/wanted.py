"""Which images a service's version means: the service's own, and what must be of the same version beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from deploy.registry import Manifest, RegistryError
from kept.operator_error import OperatorError
from recovery.upgrade.judged import Refusal, Refused, known, refusals
from settings import Settings
from settings.default_images import pinned, upgrade_rules
from settings.images import DIGEST, Image
from settings.problems import did_you_mean
from settings.services.upgrades import UpgradeRules

__all__ = ["NoSuchService", "NoVersion", "Wanted", "image_of_service", "wanted"]

Resolve = Callable[[Image], Manifest]
_VERSION = re.compile(r"(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})(?:@(?P<digest>sha256:[0-9a-f]{64}))?")


class NoSuchService(OperatorError):
    """A word that is no service of this environment, or one that has no version of its own."""

    exit_code = 2


class NoVersion(OperatorError):
    """A version that can't be read, or that its registry does not know."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A service's images, as they are and as they are to be."""

    service: str
    """Its key in smarteros:services."""
    image: str
    """Which of its images the version is of."""
    now: Mapping[str, Image]
    then: Mapping[str, Image]
    notes: tuple[str, ...]
    rules: UpgradeRules

    @property
    def versions(self) -> tuple[str, str]:
        """Before and after, as tags."""
        return self.now[self.image].tag, self.then[self.image].tag


def image_of_service(settings: Settings, service: str) -> tuple[str, str]:
    """(service, image) for what an operator named: a service, or one of its images. Raises NoSuchService."""
    running = dict(settings.services.running())
    if service in running and running[service].main_image():
        return service, running[service].main_image()
    for key, one in running.items():
        if service in one.upgrades:
            return key, service
    if service == "postgres" and settings.database_servers:
        return "postgres", "postgres"
    kinds = [*(key for key, one in running.items() if one.main_image()), "postgres"]
    raise NoSuchService(
        f"{service}: no service with a version of its own runs in {settings.stack}. Fix: {did_you_mean(service, kinds)}"
    )


def wanted(
    settings: Settings,
    service: str,
    version: str,
    *,
    accepted: Collection[str] = (),
    digests: Mapping[str, str] | None = None,
    resolve: Resolve | None = None,
) -> Wanted:
    """What is to change. `digests`: of images beside the service's own; `resolve` asks the registry.

    Raises Refused with every reason at once, NoSuchService, NoVersion. Touches nothing.
    """
    key, image = image_of_service(settings, service)
    named = dict(settings.services.running()).get(key)
    if named is not None and named.images_named():
        where = f"smarteros:services/{key}/image"
        raise NoVersion(f"{where} names another build: {named.images_named()[0]}. Fix: change it there, or take it out")
    found = _VERSION.fullmatch(version)
    if found is None:
        raise NoVersion(f"{version!r} is no version. Fix: a tag, or tag@sha256:…")
    given = {**(digests or {}), **({image: found["digest"]} if found["digest"] else {})}
    members = (image, *_beside(settings, image))
    rules = upgrade_rules(type(settings.services))
    now = {one: settings.image(one) for one in members}
    then = {one: _at(now[one], found["tag"], given.get(one), resolve) for one in members}
    against = [
        *refusals(key, rules[image], now[image], then[image], accepted),
        *(_unpinned(then[one]) for one in members[1:] if then[one].digest is None),
    ]
    if against:
        raise Refused(key, against)
    notes = tuple(known(rules[image], now[image], then[image]))
    return Wanted(service=key, image=image, now=now, then=then, notes=notes, rules=rules[image])


def _beside(settings: Settings, image: str) -> list[str]:
    """What must have the same version."""
    pairs = [pair for _, kind in settings.services.kinds() for pair in kind.same_tags]
    return [other for one, other in pairs if one == image]


def _at(now: Image, tag: str, digest: str | None, resolve: Resolve | None) -> Image:
    """The image at a tag, with what its registry says where it can be asked, and compared with it where both are
    known.
    """
    if digest is not None and not DIGEST.fullmatch(digest):
        raise NoVersion(f"{digest!r} is no digest. Fix: sha256: and 64 digits")
    then = replace(now, tag=tag, digest=digest)
    then = pinned(then)
    if resolve is None:
        return then
    try:
        meant = resolve(then).digest
    except RegistryError as error:
        raise NoVersion(f"{then.tagged}: its registry does not know it, or did not answer: {error}") from None
    if then.digest and then.digest != meant:
        raise NoVersion(
            f"{then.tagged} is {meant} at its registry, not {then.digest}. Fix: look at what changed, then the "
            f"right one"
        )
    return replace(then, digest=meant)


def _unpinned(then: Image) -> Refusal:
    why = f"{then.tagged}, which must be of the same version, has no digest"
    return Refusal(why=why, way="--digest IMAGE=sha256:…, or ./smos images lock", source="docs/images.md")
