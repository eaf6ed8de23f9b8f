"""The rooms of the house from the ground up, their files, and which module imports which."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["FLOORS", "INSIDE_COMPONENTS", "ONLY_FROM", "ROOT", "Module", "floor_of", "modules", "room_of", "sources"]

ROOT = Path(__file__).resolve().parents[2]

FLOORS: tuple[tuple[str, ...], ...] = (
    ("kept",),
    ("engine", "intents", "age_keyring"),
    ("settings", "sandbox"),
    ("hosts", "policy", "provider", "capacity"),
    ("access", "components"),
    ("__main__",),
    ("deploy",),
    ("tenants",),
    ("recovery",),
    ("bench", "demo", "scaffold"),
    ("cli",),
)
"""A room imports from floors below its own: not from above, and not from its neighbours."""

INSIDE_COMPONENTS = ("components.placements", "components.services", "components.systems")
"""Likewise, from the ground up: what a system puts together knows nothing of the system."""

ONLY_FROM: Mapping[str, frozenset[str]] = {
    "sandbox": frozenset({"deploy", "tenants", "recovery", "bench", "demo", "scaffold", "cli"}),
    "components": frozenset({"__main__", "tenants"}),
}
"""Who may import these at all: what an environment is knows nothing of the simulated clouds, and no command waits for
what only the program in the engine needs.
"""


@dataclass(frozen=True)
class Module:
    """A module of the house and what it imports, wherever in its text: in a function and for types alone, too."""

    name: str
    path: Path
    imports: frozenset[str]

    @property
    def room(self) -> str:
        """The folder at the top in which it is."""
        return room_of(self.name)


def room_of(name: str) -> str:
    """The room of a module's name."""
    return name.partition(".")[0]


def floor_of(room: str) -> int:
    """On which floor a room is. Raises LookupError for one that has none."""
    for number, rooms in enumerate(FLOORS):
        if room in rooms:
            return number
    raise LookupError(f"{room}/ is on no floor of tests/conventions/rooms.py")


@cache
def sources(*, tests: bool = False) -> tuple[Path, ...]:
    """Every Python file that git knows or would add; of the tests only when asked."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    paths = (ROOT / name for name in sorted(set(names)) if tests or not name.startswith("tests/"))
    return tuple(path for path in paths if path.is_file())


@cache
def modules() -> Mapping[str, Module]:
    """Every module outside the tests, by its name."""
    named = {_name(path): path for path in sources()}
    return {name: Module(name, path, frozenset(_imported(name, path, named))) for name, path in named.items()}


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _imported(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            found = [one if one in known else str(node.module) for one in whole]
        else:
            continue
        yield from (one for one in found if one in known and one != name)
