"""Archives on the shelf: what goes and when, and with which archive an interrupted delete goes on."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from tenants.archive.shelf import Retention, Shelf

TODAY = datetime.date(2026, 3, 2)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Archives of a tenant that is there, and of deleted ones; and somebody's own file."""
    for name in (
        "acme-20250101T000000Z.tar.age",
        "gone-20260131T120000Z.tar.age",
        "gone-20260215T120000Z.tar.age",
        "gone-2-20260101T000000Z.tar.age",
        "holidays.tar.age",
        "gone-backup.tar.age",
    ):
        (tmp_path / name).write_text(name)
    found = Shelf(tmp_path)
    for slug in ("gone", "gone-2"):
        found.keep_file(slug, "name: X\n")
    return found


def test_only_what_has_expired_of_deleted_tenants_goes(shelf: Shelf) -> None:
    """30 days after it was made, to the day; nothing of a tenant that is there, nothing that is no archive of ours."""
    retention = Retention(frozenset({"acme"}), TODAY)
    expired = retention.expired(shelf)
    assert [one.file.name for one in expired] == ["gone-2-20260101T000000Z.tar.age", "gone-20260131T120000Z.tar.age"]
    assert Retention(frozenset({"acme"}), TODAY - datetime.timedelta(1)).expired(shelf) == expired[:1]
    assert Retention(frozenset({"acme"}), TODAY, days=365).expired(shelf) == []
    shelf.remove(expired)
    assert sorted(one.name for one in shelf.folder.iterdir()) == [
        "acme-20250101T000000Z.tar.age",
        "gone-20260215T120000Z.tar.age",
        "gone-backup.tar.age",
        "gone.yaml",
        "holidays.tar.age",
    ]


def test_until_when_each_is_kept(shelf: Shelf) -> None:
    """Of a tenant that is there there is no such day."""
    retention = Retention(frozenset({"acme"}), TODAY)
    given = {one.file.name: retention.until(one) for one in shelf.archives()}
    assert given["acme-20250101T000000Z.tar.age"] is None
    assert given["gone-20260215T120000Z.tar.age"] == datetime.date(2026, 3, 17)


def test_an_interrupted_delete_finds_its_archive(shelf: Shelf) -> None:
    """As long as it is there; and a tenant that was brought up again has none."""
    archive = shelf.folder / "gone-20260131T120000Z.tar.age"
    assert shelf.ending("gone") is None
    shelf.begin_ending("gone", archive)
    assert shelf.ending("gone") == archive
    assert shelf.ending("gone-2") is None
    shelf.forget_ending("gone")
    assert shelf.ending("gone") is None
    shelf.begin_ending("gone", archive)
    archive.unlink()
    assert shelf.ending("gone") is None
