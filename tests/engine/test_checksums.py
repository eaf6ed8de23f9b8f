"""The engine's checksums stand in git, and are compared before anything of it is used."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from engine import archive, cache, pin
from engine.archive import ChecksumMismatch, Unavailable
from engine.build import build
from tests.engine.test_get import ARCHIVE, Machine, machine, releases

__all__ = ["machine", "releases"]  # fixtures

ROOT = Path(__file__).resolve().parents[2]


def knows(folder: Path, monkeypatch: pytest.MonkeyPatch, digest: str) -> None:
    """Git names the archive."""
    file = folder / "checksums.json"
    file.write_text(json.dumps({ARCHIVE: digest}))
    monkeypatch.setattr(archive, "IN_GIT", file)


def _target() -> Path:
    """Where an engine is built in the cache of the test."""
    folder = cache.root() / "engine" / pin.VERSION
    folder.mkdir(parents=True)
    return folder / "build"


def test_an_archive_that_git_knows_must_be_that_one(
    machine: Machine, releases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is published: whoever can change both hosts can't change git."""
    knows(tmp_path, monkeypatch, "0" * 64)
    with pytest.raises(ChecksumMismatch, match=r"than the one in checksums\.json"):
        archive.fetch(tmp_path / "engine", machine.said.append)
    assert not (tmp_path / "engine").exists()
    knows(tmp_path, monkeypatch, hashlib.sha256((releases / ARCHIVE).read_bytes()).hexdigest())
    archive.fetch(tmp_path / "engine", machine.said.append)
    assert (tmp_path / "engine" / "pulumi").exists()
    assert not [line for line in machine.said if "does not name" in line]


def test_an_archive_that_git_does_not_know_is_told(machine: Machine, releases: Path, tmp_path: Path) -> None:
    """It is compared with what is published, and somebody reads that this is all."""
    archive.fetch(tmp_path / "engine", machine.said.append)
    assert [line for line in machine.said if "does not name" in line]


def test_the_file_in_git_has_checksums_of_this_version_alone() -> None:
    """Empty until somebody can look one up."""
    found = json.loads((ROOT / "engine" / "checksums.json").read_text(encoding="utf-8"))
    for name, digest in found.items():
        assert name.startswith(f"pulumi-v{pin.VERSION}-")
        assert re.fullmatch("[0-9a-f]{64}", digest)


def test_the_build_takes_what_go_sum_names_and_nothing_else(machine: Machine, tmp_path: Path) -> None:
    """The cache of modules is compared first, and no flag of the operator's lets the build write go.sum anew."""
    machine.put_go(f'echo "$1 $GOFLAGS $GOWORK" >> "{tmp_path}/calls"')
    machine.put(
        "go",
        (machine.bin / "go")
        .read_text()
        .removeprefix("#!/bin/sh\n")
        .replace(
            '[ "$1" = mod ] && exit 0', f'[ "$1" = mod ] && echo "$1 $2 $GOFLAGS" >> "{tmp_path}/calls" && exit 0'
        ),
    )
    build(_target(), machine.said.append)
    assert (tmp_path / "calls").read_text().splitlines() == ["mod verify -mod=readonly", "build -mod=readonly off"]


def test_modules_that_were_changed_are_not_built(machine: Machine, tmp_path: Path) -> None:
    """`go mod verify` says which."""
    machine.put("go", f'[ "$1" = mod ] && echo "x: dir has been modified" && exit 1\necho built >> "{tmp_path}/builds"')
    with pytest.raises(Unavailable, match=r"not those of engine/go\.sum"):
        build(_target(), machine.said.append)
    assert not (tmp_path / "builds").exists()


def test_the_engines_own_modules_have_their_hashes_in_git() -> None:
    """Of the others, too, or Go itself refuses to build with -mod=readonly."""
    sums = (ROOT / "engine" / "go.sum").read_text(encoding="utf-8")
    for module in ("pkg", "sdk"):
        assert re.search(rf"^github\.com/pulumi/pulumi/{module}/v3 v{pin.VERSION} h1:", sums, re.MULTILINE), module
