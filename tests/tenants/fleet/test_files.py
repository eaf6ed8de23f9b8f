"""A tenant's file that is edited while a run is on is noticed before anything of its tenant begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenants.fleet.files import Files
from tenants.registry import RegistryError


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The tracked registry, and a sandbox's over it."""
    tracked, over = tmp_path / "tracked", tmp_path / "over"
    for folder in (tracked, over):
        folder.mkdir()
    (tracked / "acme.yaml").write_text("name: Acme\n")
    (tracked / "beta.yaml").write_text("name: Beta\n")
    return tracked, over


def test_as_it_was_passes(folders: tuple[Path, Path]) -> None:
    """Also when it was written anew with the same content, and when another tenant's was edited."""
    files = Files.of(folders)
    (folders[0] / "acme.yaml").write_text("name: Acme\n")
    (folders[0] / "beta.yaml").write_text("name: Other\n")
    files.check("acme")
    assert files.changed() == ["beta.yaml"]


@pytest.mark.parametrize(
    ("change", "words"), [("edit", "was edited"), ("remove", "was removed"), ("cover", "appeared")]
)
def test_another_than_at_the_beginning_is_refused(folders: tuple[Path, Path], change: str, words: str) -> None:
    """Edited, removed, or covered by one that lies over it: with the file, and the mend."""
    files = Files.of(folders)
    if change == "edit":
        (folders[0] / "acme.yaml").write_text("name: Acme 2\n")
    elif change == "remove":
        (folders[0] / "acme.yaml").unlink()
    else:
        (folders[1] / "acme.yaml").write_text("name: Acme 3\n")
    with pytest.raises(RegistryError, match=rf"tenants/registry/acme\.yaml.*{words}.*nothing of this tenant was begun"):
        files.check("acme")
    files.check("beta")
