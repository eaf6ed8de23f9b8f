"""A volume comes back with every file's content, mode and owner, beside what is there and then in its place."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from recovery.manifest import Part
from recovery.sources import volume_commands
from recovery.sources.source import Context, NotRestorable, SourceFailed
from recovery.sources.volumes import VolumeSource
from settings.images import Image
from tests.hosts.simulated import machine
from tests.recovery.sources.contexts import context, part_of, stored

IMAGE = Image(name="pgvector/pgvector", tag="0.8.6-pg17")
NAME = "restored_20261130-120000"


@dataclass
class There:
    """A volume of a simulated host."""

    ctx: Context
    source: VolumeSource
    files: Path
    folder: Path

    def captured(self) -> Part:
        """A backup of it, in `folder`."""
        with self.source.capture(self.ctx, self.folder) as captured:
            stored(captured, self.folder, "volume.tar")
            return part_of(captured, "volume", "volume.tar")

    def listed(self) -> dict[str, tuple[Any, ...]]:
        """Every entry of the volume but what restores put there: mode, owner, content."""
        found: dict[str, tuple[Any, ...]] = {}
        for path in sorted((self.files, *self.files.rglob("*"))):
            name = str(path.relative_to(self.files))
            if name.startswith(".smos-"):
                continue
            about = path.lstat()
            content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
            found[name] = (about.st_mode, about.st_uid, about.st_gid, content)
        return found


@pytest.fixture
def there(tmp_path: Path) -> Iterator[There]:
    """With files of several owners, as far as this user may make them: an attachment, a filestore, a link."""
    files, folder = tmp_path / "volume", tmp_path / "backup"
    (files / "ab" / "cd").mkdir(parents=True)
    folder.mkdir()
    (files / "ab" / "cd" / "abcdattachment").write_bytes(os.urandom(70_000))
    (files / "filestore").mkdir()
    (files / "filestore" / ("n" * 200)).write_text("long")
    (files / "filestore" / "con ñ y espacio'\"").write_text("words")
    (files / "filestore" / "link").symlink_to("../ab/cd/abcdattachment")
    (files / "empty").mkdir(mode=0o770)
    (files / "ab" / "cd" / "abcdattachment").chmod(0o640)
    files.chmod(0o750)
    if os.geteuid() == 0:
        os.chown(files / "ab" / "cd" / "abcdattachment", 101, 102)
        os.chown(files / "empty", 999, 1000)
        os.chown(files, 100, 101)
    with machine(tmp_path) as running:
        running.state["docker"] = "28.5.1"
        found = {"chatwoot-storage": files}
        running.simulated = replace(running.simulated, volume=found.get, has_image=lambda one: one == IMAGE.reference)
        running.stop()
        running.start(lambda _host, _port: None)
        settings = SimpleNamespace(image=lambda _name: IMAGE, stack="prod")
        ctx = context(settings, SimpleNamespace(ssh_config=running.config))
        source = VolumeSource(volume="chatwoot-storage", service="chatwoot", host=running.known, machine="vps")  # type: ignore[arg-type] # as much of a host as SSH asks for
        yield There(ctx, source, files, folder)


def test_a_lost_volume_comes_back_with_every_owner_and_mode(there: There) -> None:
    """Also the folder's own, and where the files' owners have no name on the host (chatwoot/chatwoot#8408)."""
    part, before = there.captured(), there.listed()
    assert part.digests.rows["files"] == 3
    for entry in there.files.iterdir():
        shutil.rmtree(entry)
    there.files.chmod(0o755)
    there.source.restore_beside(there.ctx, there.folder, part, NAME)
    assert there.source.check(there.ctx, part, NAME) == []
    assert len(there.listed()) == 1  # nothing that lives was touched
    there.source.put_in_place(there.ctx, part, NAME)
    assert there.listed() == before


def test_what_was_there_stays_until_it_is_told_to_go(there: There) -> None:
    """A file that came since lies aside, in no later backup; then it is removed."""
    part, before = there.captured(), there.listed()
    (there.files / "later").write_text("came since")
    there.source.restore_beside(there.ctx, there.folder, part, NAME)
    old = there.source.put_in_place(there.ctx, part, NAME)
    assert there.listed() == before
    assert (there.files / f".smos-{old}" / "later").read_text() == "came since"
    shutil.rmtree(there.folder)
    there.folder.mkdir()
    assert part.digests.differences(there.captured().digests) == []
    with pytest.raises(NotRestorable):
        there.source.remove_old(there.ctx, "filestore")
    there.source.remove_old(there.ctx, old)
    assert not list(there.files.glob(".smos-*"))


@pytest.mark.parametrize("wrong", ["content", "mode", "owner", "missing", "more"])
def test_what_came_back_otherwise_is_told(there: There, wrong: str) -> None:
    """By its name."""
    part = there.captured()
    there.source.restore_beside(there.ctx, there.folder, part, NAME)
    file = there.files / f".smos-{NAME}" / "ab" / "cd" / "abcdattachment"
    if wrong == "content":
        content = file.read_bytes()
        file.write_bytes(bytes((content[0] ^ 1,)) + content[1:])
    elif wrong == "mode":
        file.chmod(0o600)
    elif wrong == "owner":
        if os.geteuid() != 0:
            pytest.skip("another owner needs root")
        os.chown(file, 0, 102)
    elif wrong == "missing":
        file.unlink()
    else:
        file.with_name("more").write_text("")
    found = there.source.check(there.ctx, part, NAME)
    assert any("ab/cd/" in line or "rows" in line for line in found), found


def test_an_archive_that_is_cut_off_never_lies_beside(there: There) -> None:
    """Under its name a restore is whole, or not there."""
    part = there.captured()
    whole = (there.folder / "volume.tar").read_bytes()
    (there.folder / "volume.tar").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceFailed):
        there.source.restore_beside(there.ctx, there.folder, part, NAME)
    assert not (there.files / f".smos-{NAME}").exists()
    (there.folder / "volume.tar").write_bytes(whole)
    there.source.restore_beside(there.ctx, there.folder, part, NAME)
    assert there.source.check(there.ctx, part, NAME) == []


def test_a_volume_that_is_not_there_is_no_empty_one(there: There) -> None:
    """Docker would make one: a backup of nothing would look like a good one."""
    missing = replace(there.source, volume="chatwoot-storag")
    with pytest.raises(SourceFailed, match="has no such volume"), missing.capture(there.ctx, there.folder):
        pass


@pytest.mark.parametrize("killed_after", range(1, 12))
def test_a_swap_that_was_killed_anywhere_is_ended_by_the_same(tmp_path: Path, killed_after: int) -> None:
    """The very script, killed after each of its commands: run again, what was there is out and what came is in."""
    volume = tmp_path / "volume"
    new, old = volume / ".smos-new", volume / ".smos-old"
    (new / "b").mkdir(parents=True)
    (new / "a").write_text("restored")
    (new / "b" / "c").write_text("restored")
    (volume / "a").write_text("lived")
    (volume / "d").mkdir()
    script = volume_commands.SWAP.replace("/volume", str(volume))
    trap = f"n=0; trap 'n=$((n+1)); if [ $n -gt {killed_after} ]; then kill -9 $$; fi' DEBUG\n"
    for text in (trap + script, script, script):
        subprocess.run(["bash", "-c", text, "restore", ".smos-new", ".smos-old"], check=text is script)
    assert {str(one.relative_to(volume)) for one in volume.rglob("*") if not one.is_relative_to(old)} == {
        "a",
        "b",
        "b/c",
    }
    assert (volume / "a").read_text() == "restored"
    assert {one.name for one in old.iterdir()} == {"a", "d"}
    assert (old / "a").read_text() == "lived"


def test_a_volume_of_this_machine_is_told_and_not_left_out(there: There) -> None:
    """Nobody reaches its engine over SSH."""
    own = replace(there.source, host=None, machine="laptop")
    assert own.domain == "host:laptop"
    with pytest.raises(SourceFailed, match="own Docker engine"), own.capture(there.ctx, there.folder):
        pass
