"""A place is asked what it can, never of which class it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from settings.hosts import LocalHost, RemoteHost
from settings.parts import Host
from settings.places import Place
from tests.conventions.rooms import ROOT, sources

MOST = 5
"""How many times the whole product may ask a place or a host for its class."""
GENERAL = ("settings/places/", "components/placements/")
"""Where a class may come in by a variable."""
OTHERS = {"Accepts", "Mapping", "str"}
"""What is asked there of what is no place."""


def _kinds(kind: type[Any]) -> Iterator[str]:
    yield kind.__name__
    for below in kind.__subclasses__():
        yield from _kinds(below)


CLASSES = {
    *_kinds(Place),
    *_kinds(Host),
    *("AzurePlatform", "DockerHost", "ObjectStorage", "RunsContainers", "RunsPostgres", "KeepsBlobs", "RunsQueues"),
}


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} | {
        one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)
    }


def _asked(path: Path) -> Iterator[int]:
    """The lines that ask something for its class, and mean a place."""
    general = str(path.relative_to(ROOT)).startswith(GENERAL)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            named = _names(node.args[1])
            if named & CLASSES or (general and not named <= OTHERS):
                yield node.lineno
        elif isinstance(node, ast.MatchClass) and _names(node.cls) & CLASSES:
            yield node.cls.lineno
        elif isinstance(node, ast.Compare) and _names(node) >= {"type"} and _names(node) & CLASSES:
            yield node.lineno


ASKED = [(path, line) for path in sources() for line in _asked(path)]


def test_places_are_hardly_ever_asked_for_their_class() -> None:
    """What a part must know of its place it asks of the settings' type, as something that it can."""
    assert {"OnAzure", "OnDocker", "OnR2", LocalHost.__name__, RemoteHost.__name__} <= CLASSES
    assert 0 < len(ASKED) <= MOST, [f"{path.relative_to(ROOT)}:{line}" for path, line in ASKED]


@pytest.mark.parametrize(("path", "line"), ASKED, ids=lambda one: one.name if isinstance(one, Path) else str(one))
def test_each_time_has_its_reason_beside_it(path: Path, line: int) -> None:
    """A comment on the line above."""
    above = path.read_text(encoding="utf-8").splitlines()[line - 2].strip()
    assert above.startswith("# "), f"{path.relative_to(ROOT)}:{line}"


def test_nobody_but_a_kind_of_place_compares_its_word() -> None:
    """`where` and `reach` are for the file: whoever compares them with a word asks for the class by another name."""
    for path in sources():
        if str(path.relative_to(ROOT)).startswith(GENERAL):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
            said = {one.attr for one in sides if isinstance(one, ast.Attribute)} & {"where", "reach"}
            assert not said, f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)} compares {said}"


def test_only_a_placement_narrows_a_place_to_its_own_kind() -> None:
    """It is the one that knows the kind's own fields."""
    for path in sources():
        if "narrowed(" in path.read_text(encoding="utf-8"):
            assert str(path.relative_to(ROOT)).startswith(GENERAL), path.relative_to(ROOT)
