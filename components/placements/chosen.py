"""Which placement a service has: the one place in this program where that question is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.placements import Placement
from settings.parts import OnAzure, OnDocker

__all__ = ["Placements", "placement_for"]


@dataclass(frozen=True, kw_only=True)
class Placements:
    """The places that exist in an environment."""

    azure: Placement
    hosts: Mapping[str, Placement]


def placement_for(where: OnAzure | OnDocker, places: Placements) -> Placement:
    """The placement that the settings ask for."""
    return places.hosts[where.host] if isinstance(where, OnDocker) else places.azure
