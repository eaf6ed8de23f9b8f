"""A copy of this clone in which every kind of thing has been begun once, and what each one touched."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMES = {
    "service": "greeter",
    "system": "corner-shop",
    "step": "guest-list",
    "rule": "doors-are-shut",
    "type": "cloudflare:index/queue:Queue",
    "command": "greet",
}
"""Kind → the name that is begun."""


@dataclass(frozen=True)
class Begun:
    """What `smos new` did for one kind."""

    kind: str
    touched: tuple[str, ...]
    said: str

    @property
    def files(self) -> tuple[str, ...]:
        """Those of them that are none of the tests."""
        return tuple(one for one in self.touched if not one.startswith("tests/"))

    @property
    def tests(self) -> tuple[str, ...]:
        """Those of them that are tests."""
        return tuple(one for one in self.touched if one.startswith("tests/"))

    @property
    def failing(self) -> tuple[str, str]:
        """The test that fails, and what it says: as it was told."""
        found = re.search(r"^fails until it is written: (\S+): (.+)$", self.said, re.M)
        assert found, self.said
        return found[1], found[2]


def copy_of_clone(folder: Path) -> Path:
    """All that git knows or would take, and the types that were looked at before."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    if (ROOT / ".mypy_cache").is_dir():
        shutil.copytree(ROOT / ".mypy_cache", folder / ".mypy_cache")
    return folder


def python(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """This Python's module in a copy, as `./smos` starts it."""
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=clone, capture_output=True, text=True, timeout=900, check=False
    )


def begin(clone: Path, kind: str, name: str) -> Begun:
    """`smos new KIND NAME`."""
    before = contents(clone)
    done = python(clone, "cli", "new", kind, name)
    assert done.returncode == 0, done.stdout + done.stderr
    after = contents(clone)
    assert not set(before) - set(after), "a file is gone"
    return Begun(kind, tuple(sorted(one for one in after if before.get(one) != after[one])), done.stdout)


def contents(clone: Path) -> dict[str, str]:
    """Path → digest, of every file but the tools' own."""
    files = (one for one in clone.rglob("*") if one.is_file() and not one.is_symlink())
    shown = {str(one.relative_to(clone)): one for one in files}
    own = re.compile(r"(^|/)(__pycache__|\.[a-z_]+_cache|\.smos|\.hypothesis)/")
    return {name: hashlib.sha256(one.read_bytes()).hexdigest() for name, one in shown.items() if not own.search(name)}
