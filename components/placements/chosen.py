"""Which placement a service has: the one place in this program where that question is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.placements import Placement
from settings.parts import OnAzure, OnDocker, OnR2

__all__ = ["Placements", "placement_for"]


@dataclass(frozen=True, kw_only=True)
class Placements:
    """The places that exist in an environment."""

    azure: Placement | None
    hosts: Mapping[str, Placement]
    r2: Placement


def placement_for(where: OnAzure | OnDocker | OnR2, places: Placements) -> Placement:
    """The placement that the settings ask for."""
    if isinstance(where, OnDocker):
        return places.hosts[where.host]
    if isinstance(where, OnR2):
        return places.r2
    if places.azure is None:
        raise TypeError("the settings have no smarteros:azure")  # their checks say so before
    return places.azure
