"""Every file that the product keeps, damaged one by one: told in words with its path and the way out, or made anew.

tests/kept_files.py says which files there are and who reads them.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.integration.conftest import Clone, demonstrated
from tests.kept_files import ELSEWHERE, KEPT, WAYS, Kept

pytestmark = pytest.mark.slow

SLUG = "beesmart"
BOUND_S = 120.0
"""So long may the command take at most: what waits for a fifo waits for ever."""
ALWAYS = ("random bytes", "a fifo")
"""By turns, each file is damaged in one of these ways and in one of the others; all ways: tests/kept/test_kept.py."""
OTHERS = [way for way in WAYS if way not in ALWAYS]
CASES = [
    pytest.param(one, way, id=f"{one.pattern}: {way}")
    for number, one in enumerate(KEPT)
    for way in (ALWAYS[number % 2], OTHERS[number % len(OTHERS)])
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A demo of this module's own: its simulated clouds are stopped again and again, and its Vault is sealed then."""
    with demonstrated(tmp_path_factory.mktemp("damage")) as clone:
        yield clone


def paths(clone: Clone, one: Kept) -> list[Path]:
    """The files that a row names."""
    return sorted(file for file in clone.home.folder.glob(one.pattern.format(slug=SLUG)) if file.is_file())


@contextmanager
def damaged(file: Path, way: str) -> Iterator[None]:
    """For the block; whatever lies there afterwards, what was there comes back."""
    aside = file.with_name(f"{file.name}.aside-of-a-test")
    shutil.copy2(file, aside)
    try:
        WAYS[way](file)
        yield
    finally:
        if file.is_dir() and not file.is_symlink():
            shutil.rmtree(file)
        file.unlink(missing_ok=True)
        aside.replace(file)


def run(clone: Clone, *words: str) -> subprocess.CompletedProcess[str]:
    """As typed; it must come to an end."""
    return subprocess.run(
        [str(clone.root / "smos"), *words],
        cwd=clone.root,
        env=clone.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )


@pytest.mark.parametrize(("one", "way"), CASES)
def test_a_damaged_file_is_told_or_made_anew(demo: Clone, one: Kept, way: str) -> None:
    """No traceback, no waiting; what is told names the file and the way out."""
    file = paths(demo, one)[-1]
    words = [word.format(slug=SLUG) for word in one.reads]
    if one.restart:
        run(demo, "sandbox", "stop")
    try:
        with damaged(file, way):
            done = run(demo, *words)
    finally:
        if one.restart or one.heals:
            run(demo, "sandbox", "start")
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    if done.returncode == 0:
        assert one.heals, f"{way} of {file} was not noticed:\n{said}"
        return
    assert file_is_named(file, said), said
    assert "Fix: " in said or "fix: " in said or "→" in said, said


def file_is_named(file: Path, said: str) -> bool:
    """Its path, or for a tenant's file the path in the registry."""
    return str(file) in said or f"registry/{file.name}" in said


def test_no_kept_file_is_in_neither_table(demo: Clone) -> None:
    """What a run leaves in a fresh demo is in a row of KEPT, or in ELSEWHERE with its reason."""
    patterns = [*(one.pattern.format(slug=SLUG) for one in KEPT), *ELSEWHERE]
    folder = demo.home.folder
    strange = set()
    for where, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not (Path(where) / name).is_symlink()]
        for name in files:
            path = str((Path(where) / name).relative_to(folder))
            if not any(fnmatch(path, pattern) for pattern in patterns):
                strange.add(path)
    assert not strange, f"say in tests/kept_files.py who reads these, and damage them: {sorted(strange)}"


def test_every_row_names_a_file_that_is_there(demo: Clone) -> None:
    """A row for a file that is no more would damage nothing."""
    assert [one.pattern for one in KEPT if not paths(demo, one)] == []
    assert all(not stat.S_ISFIFO(file.stat().st_mode) for one in KEPT for file in paths(demo, one))
