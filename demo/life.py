"""The life of one tenant, once: suspended, resumed, exported, deleted with proof, and back from its archive."""

from __future__ import annotations

import time
from collections.abc import Callable

from deploy.guards import NotReady
from deploy.target import RunTarget, Target
from kept.say import Say
from sandbox.home import Home
from tenants import lifecycle
from tenants.archive.content import Content
from tenants.archive.shelf import shelf_of
from tenants.registry import Registry

__all__ = ["NotTheSame", "lived", "tour_a_life"]

LIVED = "a-life-was-shown"


class NotTheSame(NotReady):
    """What came back is not what went."""


def lived(home: Home) -> bool:
    """Whether this sandbox has seen it already."""
    return (home.folder / LIVED).exists()


def tour_a_life(place: RunTarget, stack: str, slug: str, say: Say) -> int:
    """Shows it; how many changes it took. Raises NotTheSame, or Residue when anything was left."""
    from tenants import desired, offboarding  # with clients of databases, which no other part of the tour needs

    begun, changes = time.monotonic(), 0

    def reread() -> Registry:
        return lifecycle.registry_of(stack, Target.SANDBOX)

    before = _exported(place, stack, reread, slug, say)
    changes += desired.set_state(place, stack, reread, slug, "suspended", say).outcome.changed
    changes += desired.set_state(place, stack, reread, slug, "active", say).outcome.changed
    gone = offboarding.delete(place, stack, reread, slug, say)
    if gone.archive is None:
        raise NotTheSame(f"{slug} was deleted without an archive")
    say(f"{slug} is gone: {gone.resources} resources deleted, nothing is left")
    changes += gone.resources + desired.imported(place, stack, reread, gone.archive, "", say).outcome.changed
    if _exported(place, stack, reread, slug, say) != before:
        raise NotTheSame(f"{slug} is not the same after the import as before the delete")
    say(f"{slug} is back, every checksum is the same ({time.monotonic() - begun:.1f} s)")
    (Home.of_clone().folder / LIVED).touch()
    return changes


def _exported(place: RunTarget, stack: str, reread: Callable[[], Registry], slug: str, say: Say) -> Content:
    from tenants import desired

    return desired.exported(place, stack, reread(), slug, shelf_of(place).folder, say).manifest.content
