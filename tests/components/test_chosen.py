"""What a kind of place says of itself in the settings, its placement can; and what it doesn't say, it can't."""

from __future__ import annotations

from typing import cast

import pytest
from pulumi import Resource

from components.placements import KeepsBlobs, RunsContainers, RunsPostgres, RunsQueues
from components.placements.chosen import MadePlaces, add, placement_for
from components.placements.docker import DOCKER
from settings import Settings
from settings.places import Accepts, BlobPlace, ContainerPlace, DatabasePlace, Place
from tests.components.declared import declare
from tests.components.places import EXAMPLES

ABLE = {
    RunsContainers: Accepts(ContainerPlace),
    RunsPostgres: Accepts(DatabasePlace),
    KeepsBlobs: Accepts(BlobPlace),
    RunsQueues: Accepts(ContainerPlace, ("runs_queues",)),
}
"""What a placement is → which kinds of place the settings let do it."""


def made(where: str) -> list[object]:
    """The placements of that kind, in prod."""
    found: list[object] = []

    def build(settings: Settings) -> None:
        found.extend(MadePlaces(settings, cast(Resource, None)).made[where].values())

    declare(build)
    return found


@pytest.mark.parametrize("where", EXAMPLES)
def test_a_placement_is_what_its_kind_says_that_it_can(where: str) -> None:
    """Neither less, which would be a refusal in the middle of a run, nor a method that refuses."""
    placements = made(where)
    assert placements
    for protocol, able in ABLE.items():
        for placement in placements:
            assert isinstance(placement, protocol) == (where in able.choices()), (placement, protocol)


def test_every_kind_that_the_settings_take_has_an_example() -> None:
    """So the contract suite puts every service there."""
    assert {where for able in ABLE.values() for where in able.choices()} == set(EXAMPLES)


def test_a_place_that_the_settings_do_not_have_is_a_mistake_of_the_program() -> None:
    """The checks of the settings say it before."""

    def build(settings: Settings) -> None:
        found = MadePlaces(settings, cast(Resource, None))
        here = Accepts(ContainerPlace).choices()["docker"].model_validate({"where": "docker", "host": "elsewhere"})
        with pytest.raises(TypeError, match=r"^the settings have no smarteros:hosts/elsewhere$"):
            placement_for(here, found)
        with pytest.raises(TypeError, match=r"^where: new has no placement\. Fix: its line in chosen\.py$"):
            placement_for(Place.model_construct(where="new"), found)

    declare(build)


def test_a_kind_is_added_once() -> None:
    """The second would hide the first."""
    with pytest.raises(TypeError, match=r"^where: docker is a kind of place already\. Fix: another where$"):
        add(DOCKER)
