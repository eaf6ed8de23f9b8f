"""Imports go one way: down, and never round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from tests.conventions.exceptions import UPWARDS
from tests.conventions.rooms import FLOORS, INSIDE_COMPONENTS, ONLY_FROM, floor_of, modules, room_of


def circles(arrows: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The groups of modules each of which leads to all the others (Tarjan's strongly connected components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    open_ones: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        open_ones.append(name)
        for other in sorted(arrows.get(name, ())):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in open_ones:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            at = open_ones.index(name)
            group = open_ones[at:]
            del open_ones[at:]
            if len(group) > 1:
                found.append(sorted(group))

    for name in sorted(arrows):
        if name not in index:
            visit(name)
    return found


@pytest.mark.parametrize(
    ("arrows", "expected"),
    [
        ({"a": ["b"], "b": ["c"], "c": []}, []),
        ({"a": ["b"], "b": ["a"]}, [["a", "b"]]),
        ({"a": ["b"], "b": ["c"], "c": ["d"], "d": ["b"]}, [["b", "c", "d"]]),
        ({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}, []),
    ],
)
def test_a_circle_is_found(arrows: dict[str, list[str]], expected: list[list[str]]) -> None:
    """The finder itself: a path, a pair, a circle with a way in, two ways to one end."""
    assert circles(arrows) == expected


def test_nothing_imports_itself_by_way_of_others() -> None:
    """No circle anywhere, not by an import inside a function and not by one for types alone."""
    assert circles({name: module.imports for name, module in modules().items()}) == []


def test_every_room_has_its_floor() -> None:
    """A new room says where it stands; a floor names no room that is gone."""
    rooms = {module.room for module in modules().values()}
    assert rooms == {room for floor in FLOORS for room in floor}


def test_imports_go_down() -> None:
    """A room imports from floors below its own. What does not stands in the list, with its reason, until it does."""
    found = {
        f"{module.name} -> {other}"
        for module in modules().values()
        for other in module.imports
        if module.room != room_of(other) and floor_of(room_of(other)) >= floor_of(module.room)
    }
    assert found == set(UPWARDS), "tests/conventions/exceptions.py (UPWARDS) lists just what is found"


def test_some_rooms_are_open_to_few() -> None:
    """Who may import the simulated clouds and the program's components is said by name."""
    for room, users in ONLY_FROM.items():
        found = {module.room for module in modules().values() for other in module.imports if room_of(other) == room}
        assert found - {room} <= users, f"{room}/ is imported from {sorted(found - {room} - users)}"


def test_a_system_knows_services_and_they_know_places() -> None:
    """Inside components/: systems above services above placements."""
    order = {name: number for number, name in enumerate(INSIDE_COMPONENTS)}
    found = [
        f"{module.name} -> {other}"
        for module in modules().values()
        for other in module.imports
        if order.get(_two_parts(other), 0) > order.get(_two_parts(module.name), len(order))
    ]
    assert found == []


def _two_parts(name: str) -> str:
    return ".".join(name.split(".")[:2])
