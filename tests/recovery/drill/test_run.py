"""A drill of a backup in a folder: what comes back, what is told of what doesn't, and that nothing is left."""

from __future__ import annotations

import datetime
import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kept.operator_error import OperatorError
from recovery.drill.proof import Proof
from recovery.drill.run import Place, drilled, remove_leftovers
from recovery.drill.unpacked import differences, unpack
from recovery.manifest import Digests, Manifest, Missed, Part
from recovery.sources.digests import digests_of
from recovery.sources.tar_digests import digests_of as digests_of_tar
from tests.recovery.conftest import ATTACHMENT, BLOB, SECRETS, Vendors, values_of

NOW = datetime.datetime(2026, 11, 30, 2, 0, tzinfo=datetime.UTC)
TAKEN = NOW - datetime.timedelta(minutes=14)


class Lost(OperatorError):
    """A store that has lost something."""


class Stores:
    """What was put into a store, by the part's name."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.parts = folder, list[Part]()
        folder.mkdir()

    def put(self, name: str, kind: str, file: Path, digests: Digests, **more: object) -> None:
        """One more part."""
        shutil.copyfile(file, self.folder / str(len(self.parts)))
        given = {"domain": "host:vps", "store": "r2", "snapshot": str(len(self.parts)), "file": "content"}
        times = {"bytes": file.stat().st_size, "seconds": 1.0, "taken_at": TAKEN}
        self.parts.append(
            Part.model_validate({"name": name, "kind": kind, **given, **times, "digests": digests, **more})
        )

    def fetch(self, part: Part, folder: Path) -> None:
        """Back into a folder."""
        if not (self.folder / part.snapshot).exists():
            raise Lost(f"the pack of {part.name} is missing. Fix: another backup")
        shutil.copyfile(self.folder / part.snapshot, folder / part.file)

    def manifest(self) -> Manifest:
        """Of all that was put."""
        return Manifest(
            id="20261130-014600",
            environment="prod",
            began_at=TAKEN,
            ended_at=TAKEN,
            parts=tuple(self.parts),
            missed=(Missed(name="vault:vault", why="Vault is sealed"),),
        )


def cut_off(part: Part, file: Path) -> bool:
    """Whether it is told, as a difference or as an error."""
    try:
        return bool(differences(part, file))
    except OperatorError as error:
        return "Fix:" in str(error)


def tar(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A volume as its source packs it."""
    path = folder / "volume.tar"
    with tarfile.open(path, "w:") as out:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"./{name}")
            entry.size = len(content)
            out.addfile(entry, io.BytesIO(content))
    return path


@pytest.fixture
def stores(vendors: Vendors, tmp_path: Path) -> Stores:
    """Chatwoot with its volume, Odoo with its own, and n8n."""
    tmp_path.chmod(0o755)
    found = Stores(tmp_path / "store")
    names = {}
    for vendor in ("chatwoot", "odoo", "n8n"):
        name = names[vendor] = vendors.database(vendor)
        with vendors.connect(name) as connection:
            connection.execute("SET search_path = pg_catalog")
            digests = digests_of(connection)
        dump = vendors.dumped(name, tmp_path / "dump")
        found.put(f"database:vps/{name}", "database", dump, digests, service=vendor, facts={"database": name})
    attachment = f"filestore/{names['odoo']}/{values_of('odoo')['attachment']}"
    for volume, files in (
        ("smarteros-prod-chatwoot-storage", {"ab/cd/abcdef123456": BLOB}),
        ("smarteros-prod-odoo-data", {attachment: ATTACHMENT}),
    ):
        path = tar(tmp_path, files)
        with path.open("rb") as content:
            found.put(f"volume:{volume}", "volume", path, digests_of_tar(content))
    return found


@pytest.fixture
def drill(stores: Stores, tmp_path: Path) -> Callable[[], Proof]:
    """Does it."""
    place = Place(
        folder=tmp_path / "scratch",
        environment="prod",
        target="sandbox",
        system="smarteros",
        fetch=stores.fetch,
        secrets=lambda _: SECRETS,
        unasked=lambda service: f"of {service}",
        say=lambda _: None,
        clock=lambda: NOW,
    )
    return lambda: drilled(place, stores.manifest(), stores.manifest().parts, "all")


def test_all_of_it_comes_back_and_is_asked(drill: Callable[[], Proof], tmp_path: Path) -> None:
    """With the files that its rows name; measured; and nothing is left."""
    found = drill()
    assert found.problems == ()
    answers = {one.name: one for part in found.parts for one in part.answers}
    assert answers["attachments-are-there"].outcome == "right"
    assert answers["credentials-decrypt"].outcome == "right"
    assert {part.rpo_s for part in found.parts} == {840.0}
    assert all(part.rto_s > 0 for part in found.parts if part.kind == "database")
    assert any("Vault is sealed" in one for one in found.left_out)
    assert list((tmp_path / "scratch").iterdir()) == []
    assert not any(value in found.model_dump_json() for value in SECRETS.values())


def test_a_missing_pack_is_told_and_the_others_are_asked(drill: Callable[[], Proof], stores: Stores) -> None:
    """No part hides another."""
    (stores.folder / "0").unlink()
    found = drill()
    assert [part.name for part in found.parts if part.wrong] == [stores.parts[0].name]
    assert "pack" in found.problems[0]


def test_one_flipped_bit_of_a_volume_is_told(drill: Callable[[], Proof], stores: Stores) -> None:
    """Also where a store would not notice."""
    file = stores.folder / "3"
    content = bytearray(file.read_bytes())
    content[600] ^= 1
    file.write_bytes(bytes(content))
    assert any("chatwoot-storage" in one for one in drill().problems)


def test_what_a_killed_drill_left_goes_with_the_next_one(tmp_path: Path) -> None:
    """Its folder and, where it still runs, its server; a living drill's stays."""
    scratch = tmp_path / "scratch"
    dead, living = scratch / "20261130T000000-1", scratch / "20261130T000000-2"
    for folder in (dead, living):
        (folder / "server" / "data").mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    (dead / "owner").write_text(f"{done.stdout.strip()} 1.0")
    import psutil

    (living / "owner").write_text(f"{os.getpid()} {psutil.Process().create_time()}")
    remove_leftovers(scratch)
    assert (dead.exists(), living.exists()) == (False, True)


def test_what_leads_out_of_a_volume_is_not_unpacked(tmp_path: Path) -> None:
    """Paths above it, absolute ones, links and devices."""
    path = tmp_path / "hostile.tar"
    with tarfile.open(path, "w:") as out:
        for name in ("../above", "/absolute", "a/../../b", "fine"):
            entry = tarfile.TarInfo(name)
            entry.size = 1
            out.addfile(entry, io.BytesIO(b"x"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        out.addfile(link)
    unpack(path, tmp_path / "files")
    assert [one.name for one in (tmp_path / "files").rglob("*")] == ["fine"]
    assert not (tmp_path / "above").exists()


def test_a_volume_that_was_cut_off_is_told(stores: Stores, tmp_path: Path) -> None:
    """At any byte before its end, which is nothing but zeros."""
    content = (stores.folder / "3").read_bytes()
    for at in (0, 100, 511, 700, 1300):
        (tmp_path / "cut").write_bytes(content[:at])
        assert cut_off(stores.parts[3], tmp_path / "cut")
