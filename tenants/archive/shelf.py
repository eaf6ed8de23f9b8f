"""Where archives lie, and for how long those of deleted tenants are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deploy.target import ROOT, Target, Workplace

__all__ = ["Shelf", "shelf_of"]


@dataclass(frozen=True)
class Shelf:
    """A folder of archives, and of the files of deleted tenants."""

    folder: Path


def shelf_of(place: Workplace) -> Shelf:
    """The clone's own, which is in no commit; a simulated run's is its sandbox's."""
    if place.target is Target.SANDBOX:
        from sandbox.home import Home

        return Shelf(Home.of_clone().folder / "archive")
    return Shelf(ROOT / ".smos" / "archive")
