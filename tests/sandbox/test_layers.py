"""The sandbox stands by itself: it could be taken out as a package of its own, and a vendor out of it."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import sandbox
from sandbox.core.backend import Backend
from sandbox.core.inventory import Inventory
from sandbox.core.world import World
from sandbox.vendors import VENDORS, backends, packages

FOLDER = Path(sandbox.__file__).parent
ROOT = FOLDER.parent
OF_THE_HOUSE = {"engine.wire", "engine.hidden", "kept"}
"""What it may use of the house: Pulumi's values on the wire, secrets out of words, and files that may be damaged, with
the base of what is told an operator.
"""
PLAIN_WORDS = {"apps", "command", "machines", "migrations", "random", "tls"}
"""Names of vendors' folders that are words of every day, too."""


def imports(file: Path) -> set[str]:
    """The modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            whole = f"{node.module}." if (ROOT / node.module.replace(".", "/")).is_dir() else ""
            found |= {f"{whole}{name.name}" if whole else node.module for name in node.names}
    return found


def of_ours(file: Path) -> set[str]:
    """Of those, what is in this repository."""
    rooms = {path.name for path in ROOT.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    return {name for name in imports(file) if name.split(".")[0] in rooms}


FILES = [pytest.param(file, id=str(file.relative_to(FOLDER))) for file in sorted(FOLDER.rglob("*.py"))]


@pytest.mark.parametrize("file", FILES)
def test_it_imports_nothing_of_the_house(file: Path) -> None:
    """But the engine's wire and files. What a run differs in where it is simulated, who starts it hands in."""
    foreign = {name for name in of_ours(file) if not name.startswith("sandbox.")}
    assert {name for name in foreign if not any(f"{name}.".startswith(f"{one}.") for one in OF_THE_HOUSE)} == set()


def test_what_it_may_use_of_the_house_uses_nothing_else_of_it() -> None:
    """Else the whole house came along with it."""
    for module in OF_THE_HOUSE:
        place = ROOT / module.replace(".", "/")
        files = list(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
        named = {name for file in files for name in of_ours(file)}
        assert {name for name in named if not name.startswith(tuple(OF_THE_HOUSE))} == set(), module


@pytest.mark.parametrize("file", [one for one in FILES if "core/" in str(one.id)])
def test_the_core_knows_no_vendor(file: Path) -> None:
    """Neither by an import, nor by a name in its code (docstrings may give an example)."""
    assert {
        name for name in of_ours(file) if name.startswith("sandbox.") and not name.startswith("sandbox.core.")
    } == set()
    wanted = set(VENDORS) - PLAIN_WORDS
    assert {word for word in code_words(file) if any(vendor in word.lower() for vendor in wanted)} == set()


def code_words(file: Path) -> Iterator[str]:
    """Every name and every text of a file that is no docstring."""
    prose: set[int] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            prose.add(node.value.lineno)
        elif isinstance(node, ast.Name | ast.arg):
            yield node.id if isinstance(node, ast.Name) else node.arg
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.lineno not in prose:
            yield node.value


def test_every_folder_is_a_vendor_of_the_list() -> None:
    """So nothing that stands there is left out."""
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert folders - {"core"} == set(VENDORS)
    assert len(VENDORS) == len(set(VENDORS))


def test_vendors_use_each_other_in_one_direction() -> None:
    """What stands behind a container knows Docker, Docker does not know it; no circle of any length."""
    uses = {vendor: set[str]() for vendor in VENDORS}
    for vendor in VENDORS:
        for file in (FOLDER / vendor).rglob("*.py"):
            named = {name.split(".")[1] for name in of_ours(file) if name.startswith("sandbox.")}
            uses[vendor] |= (named & set(VENDORS)) - {vendor}
    while uses:
        free = {vendor for vendor, used in uses.items() if not used & set(uses)}
        assert free, f"a circle: {uses}"
        uses = {vendor: used for vendor, used in uses.items() if vendor not in free}


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendors_folder_is_laid_out_as_every_other(vendor: str) -> None:
    """Types in types/, what runs in server/, `package.py` where there are types, `backend.py` where the sandbox starts
    something: who knows one finds his way in all.
    """
    folder = FOLDER / vendor
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert ("package" in modules) == (folder / "types").is_dir()
    assert ("backend" in modules) <= (folder / "server").is_dir()
    assert not [path for path in folder.rglob("*.py") if path.stem.startswith(f"{vendor}_")]


def test_every_module_with_types_is_in_its_package() -> None:
    """A module that is there is simulated: nobody has to list it."""
    simulated = {kind.token for package in packages() for kind in package.types}
    offered = set()
    for found in pkgutil.walk_packages(sandbox.__path__, "sandbox."):
        if ".types." in found.name:
            offered |= {kind.token for kind in getattr(importlib.import_module(found.name), "TYPES", ())}
    assert offered == simulated
    assert len(simulated) >= 67


def test_every_backend_is_one(tmp_path: Path) -> None:
    """All that the core asks of it, it has; and what the core does not ask, it keeps for itself."""
    asked = {name for name in vars(Backend) if not name.startswith("_")}
    cloud = Inventory(tmp_path)
    made = World(tmp_path, cloud, backends())
    with made:
        for one in made.backends:
            assert Backend in type(one).__mro__
            assert {name for name in vars(type(one)) if not name.startswith("_")} <= asked
        assert {"databases", "vaults", "redises", "clients", "machines", "published", "edge"} <= set(made.status())
        assert set(made.commands()) == {"away", "grow", "migration-fails"}
        assert set(made.apis()) == {"/arm/", "/client/v4/"}
    cloud.close()


def test_nothing_above_asks_whether_the_target_is_simulated() -> None:
    """Who starts a run gives it what differs as a value. The model of a target, and who chooses one, know both."""
    may = {"cli", "deploy", "bench", "demo", "sandbox", "tests", "settings"}
    rooms = [path for path in ROOT.iterdir() if path.is_dir() and path.name not in may and any(path.glob("*.py"))]
    asks = {
        str(file.relative_to(ROOT))
        for room in rooms
        for file in room.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "SANDBOX"
    }
    assert "tenants" in {room.name for room in rooms}
    assert asks == set()
