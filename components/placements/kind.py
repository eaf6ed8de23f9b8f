"""A kind of place, as the platform makes its places of it: which providers reach them, and the placements themselves.

Each kind is in a folder beside this file; which there are says chosen.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pulumi import ProviderResource, Resource

from settings import Settings

__all__ = ["Kind", "Providers"]


@dataclass(frozen=True, kw_only=True)
class Providers:
    """Who reaches the places of an environment."""

    shared: Sequence[ProviderResource]
    """Of the whole platform: everything in it is handed them."""
    own: Mapping[str, Mapping[str, ProviderResource]]
    """`where` → machine → the one that reaches what runs there alone."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of place: what the settings call it, its providers, and how its placements are made."""

    where: str
    """What the settings call it (settings/places)."""
    providers: Callable[[Settings, Resource], Mapping[str, ProviderResource]]
    """Its providers, as children of the system: machine → provider, and "" → one that is shared."""
    placements: Callable[[Settings, Resource, Providers], Mapping[str, object]]
    """Its places in the environment, as children of the system: machine → placement, or "" → the only one. None where
    the settings have no such place."""
