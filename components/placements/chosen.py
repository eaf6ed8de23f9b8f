"""The places of an environment: made here, once, with the providers that reach them; and which one a part is at.

A kind of place is a line below. Nobody else knows which kinds there are: services and systems ask for what a place can
do, and get a placement that does it or a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from pulumi import ProviderResource, Resource, ResourceOptions

from components.placements import KeepsBlobs, Refusal, RunsContainers, RunsPostgres, RunsQueues
from components.placements.azure import AZURE
from components.placements.cloudflare import R2
from components.placements.docker import DOCKER
from components.placements.kind import Kind, Providers
from settings import Settings
from settings.places import Accepts, BlobPlace, ContainerPlace, DatabasePlace, Place

__all__ = ["MadePlaces", "add", "placement_for"]

_KINDS: dict[str, Kind] = {kind.where: kind for kind in (AZURE, R2, DOCKER)}
"""`where` → its kind. In this order their providers and they themselves are declared."""


def add(kind: Kind) -> None:
    """One more kind, of a place that is not this product's own. Before a platform is declared."""
    if kind.where in _KINDS:
        raise TypeError(f"where: {kind.where} is a kind of place already. Fix: another where")
    _KINDS[kind.where] = kind


T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class _Ability(Generic[T]):
    """One of the things that a placement may be able to do."""

    protocol: type
    cannot: str
    able: Accepts
    """Which kinds of place can, for the mend."""

    def of(self, found: object, where: Place) -> T:
        """A placement that can. Raises Refusal."""
        # A placement says what it can by being it: the one question that is asked of its class.
        if isinstance(found, self.protocol):
            return cast(T, found)
        elsewhere = " or ".join(f"{{where: {tag}}}" for tag in self.able.choices())
        raise Refusal("placement", where.where, f"{where.called} {self.cannot}", f"placement: {elsewhere}")


_CONTAINERS: _Ability[RunsContainers] = _Ability(
    protocol=RunsContainers, cannot="runs no containers", able=Accepts(ContainerPlace)
)
_POSTGRES: _Ability[RunsPostgres] = _Ability(
    protocol=RunsPostgres, cannot="runs no databases", able=Accepts(DatabasePlace)
)
_BLOBS: _Ability[KeepsBlobs] = _Ability(protocol=KeepsBlobs, cannot="keeps no blobs", able=Accepts(BlobPlace))
_QUEUES: _Ability[RunsQueues] = _Ability(
    protocol=RunsQueues,
    cannot="has no Redis for one service alone",
    able=Accepts(ContainerPlace, ("runs_queues",)),
)


class MadePlaces:
    """The places that exist in an environment, as children of its system."""

    def __init__(self, settings: Settings, parent: Resource) -> None:
        self._parent = parent
        reached = {where: kind.providers(settings, parent) for where, kind in _KINDS.items()}
        self._providers = Providers(
            shared=[one[""] for one in reached.values() if "" in one],
            own={where: {key: one for key, one in found.items() if key} for where, found in reached.items()},
        )
        self.made: Mapping[str, Mapping[str, object]] = {
            where: kind.placements(settings, parent, self._providers) for where, kind in _KINDS.items()
        }

    def inside(self, where: Place | None = None, *more: ProviderResource) -> ResourceOptions:
        """Options of a part of the system: its child, with the providers of the place where it is."""
        own = self._providers.own[where.where].get(where.machine or "") if where is not None else None
        return ResourceOptions(
            parent=self._parent, providers=[*self._providers.shared, *([own] if own is not None else []), *more]
        )

    def containers(self, where: Place) -> RunsContainers:
        """The placement in which a service's containers run."""
        return _CONTAINERS.of(placement_for(where, self), where)

    def postgres(self, where: Place) -> RunsPostgres:
        """Where a database server runs."""
        return _POSTGRES.of(placement_for(where, self), where)

    def blobs(self, where: Place) -> KeepsBlobs:
        """The placement that keeps files."""
        return _BLOBS.of(placement_for(where, self), where)

    def queues(self, where: Place) -> RunsQueues:
        """Where a service gets a Redis of its own."""
        return _QUEUES.of(placement_for(where, self), where)


def placement_for(where: Place, places: MadePlaces) -> object:
    """The placement that the settings ask for."""
    if where.where not in places.made:
        raise TypeError(f"where: {where.where} has no placement. Fix: its line in chosen.py")
    found = places.made[where.where].get(where.machine or "")
    if found is None:  # the settings' checks say so before
        raise TypeError(f"the settings have no smarteros:{where.needs_section or f'hosts/{where.machine}'}")
    return found
