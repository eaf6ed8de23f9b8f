"""A damaged file is told with its path and the way out, whatever became of it, and nothing waits for a fifo."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import kept
from age_keyring import Identity, Keyring, KeyringError
from sandbox.home import Home
from sandbox.scene import Scene
from settings.documents import load_document
from tenants.registry import Registry, RegistryError

MEND = "remove it"
WHOLE = b'{"a": 1}'


def _in_its_place(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def damaged(file: Path) -> None:
        file.unlink()
        make(file)

    return damaged


WAYS: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_bytes(b""),
    "cut off": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "random bytes": lambda file: file.write_bytes(b"\x00\xff\xfe{]" * 50),
    "another type": lambda file: file.write_bytes(b"[1, 2]"),
    "nested deep": lambda file: file.write_bytes(b"[" * 200_000),
    "a long number": lambda file: file.write_bytes(b"9" * 10_000),
    "a folder": _in_its_place(lambda file: file.mkdir()),
    "a fifo": _in_its_place(os.mkfifo),
    "a dangling link": _in_its_place(lambda file: file.symlink_to(file.parent / "nowhere")),
}


@pytest.fixture(params=list(WAYS.values()), ids=list(WAYS))
def damage(request: pytest.FixtureRequest) -> Callable[[Path], object]:
    """One way after the other."""
    found: Callable[[Path], object] = request.param
    return found


def test_every_damage_is_told_with_path_and_mend(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    """Of a file that should hold an object."""
    file = tmp_path / "kept.json"
    file.write_bytes(WHOLE)
    assert kept.mapping(file, MEND) == {"a": 1}
    damage(file)
    with pytest.raises(kept.Damaged) as raised:
        kept.mapping(file, MEND)
    assert str(raised.value).startswith(f"{file}: ")
    assert str(raised.value).endswith(f". Fix: {MEND}")
    assert not kept.same(file, WHOLE)


def test_what_is_not_there_is_no_damage(tmp_path: Path) -> None:
    """Its reader knows what that means."""
    with pytest.raises(FileNotFoundError):
        kept.raw(tmp_path / "none", MEND)


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also to root, who may read everything: the system's answer is played."""

    def refused(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(kept.Damaged, match=r"can't be read \(Permission denied\)"):
        kept.raw(tmp_path / "file", MEND)
    with pytest.raises(kept.Damaged, match=r"can't be locked \(Permission denied\)"):
        kept.lock_file(tmp_path / "file", MEND)


def test_what_is_larger_than_it_can_be_is_not_read(tmp_path: Path) -> None:
    """A log that grew into the wrong place fills no memory."""
    file = tmp_path / "large"
    with file.open("wb") as out:
        out.truncate(kept.MOST_BYTES + 1)
    with pytest.raises(kept.Damaged, match="more than it can have"):
        kept.raw(file, MEND)


@pytest.mark.parametrize("way", ["a folder", "a fifo"])
def test_a_lock_that_is_no_file_is_told(tmp_path: Path, way: str) -> None:
    """An empty one, or one with anything in it, is a lock as ever."""
    file = tmp_path / "lock"
    os.close(kept.lock_file(file, MEND))
    WAYS[way](file)
    with pytest.raises(kept.Damaged):
        kept.lock_file(file, MEND)


@pytest.mark.parametrize("way", [way for way in WAYS if way != "a folder"])
def test_what_is_written_takes_the_place_of_what_lies_there(tmp_path: Path, way: str) -> None:
    """A fifo would hold the writer up, a link would lead it elsewhere."""
    file = tmp_path / "kept.json"
    file.write_bytes(WHOLE)
    WAYS[way](file)
    kept.keep(file, "new")
    assert kept.same(file, "new")
    assert [one.name for one in tmp_path.iterdir()] == ["kept.json"]


def test_the_note_of_the_sandbox(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    """A damaged one is as none."""
    home = Home(tmp_path)
    home.note.write_bytes(WHOLE)
    damage(home.note)
    assert home.running() is None


def test_the_scene(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    """Told with its path."""
    home = Home(tmp_path)
    Scene().write(home)
    damage(tmp_path / "scene.json")
    with pytest.raises(kept.Damaged, match=r"scene\.json"):
        Scene.read(home)


def test_settings_nested_deep_are_told() -> None:
    """The parser in C would end the whole process."""
    with pytest.raises(RecursionError):
        load_document("config: " + "[" * 200_000)


def test_a_keyring_and_its_key(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    """Told as the keyring's problem, with its path."""
    key, file = tmp_path / "key.txt", tmp_path / "keyring.age"
    identity = Identity.make(key)
    file.write_bytes(b"an age file, or not")
    for one, read in ((file, lambda: Keyring.open(file, identity)), (key, lambda: Identity.read(key))):
        damage(one)
        with pytest.raises((KeyringError, FileNotFoundError)) as raised:
            read()
        assert one.name in str(raised.value)


@pytest.mark.parametrize("way", [*WAYS, "a link", "a number of 10,000 digits", "a date that is none"])
def test_a_tenants_file(tmp_path: Path, way: str) -> None:
    """A mistake of the registry's, with the file's name; never a traceback."""
    file = tmp_path / "acme.yaml"
    text = "rut: 76086428-5\nname: Acme\ndomain: acme.smarterbot.cl\n"
    file.write_text(text)
    if way == "a link":
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
    elif way == "a number of 10,000 digits":
        file.write_text(text.replace("76086428-5", "9" * 10_000))
    elif way == "a date that is none":
        file.write_text(text.replace("Acme", "2026-99-99"))
    else:
        WAYS[way](file)
    with pytest.raises(RegistryError) as raised:
        Registry((tmp_path,), "smarterbot.cl").find("acme")
    said = str(raised.value)
    assert "acme.yaml" in said
    assert len(said) < 2_000, "a value of thousands of characters is not repeated"


@pytest.mark.parametrize("write", [kept.keep, kept.publish])
def test_what_can_not_be_written_leaves_what_was_there(tmp_path: Path, write: Callable[[Path, str], None]) -> None:
    """Also the pages and templates of a clone: whole, or as they were."""
    file = tmp_path / "page.md"
    file.write_text("before")
    with pytest.raises(UnicodeEncodeError):
        write(file, "half \udc80 of it")
    assert file.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["page.md"]
    write(file, "after")
    assert file.read_text() == "after"
    assert (file.stat().st_mode & 0o077 == 0) == (write is kept.keep)
