"""The files of a tenant's container are in its archive, each as it was, or the archive is refused."""

from __future__ import annotations

import hashlib
import io
import json

import pytest
from hypothesis import example, given

from deploy.blob_objects import AzureBlobs
from tenants.archive import blobs as archive
from tenants.archive.blobs import BlobStore, unpacked
from tenants.archive.manifest import ArchiveBroken
from tests.deploy.test_blob_objects import NAMES, blobs, service
from tests.tenants.test_fuzz import bounded, in_words, like

__all__ = ["blobs", "service"]

WHOLE = json.dumps([["a/b", "text/plain", 3, hashlib.sha256(b"abc").hexdigest()]]).encode() + b"\nabc"


@pytest.fixture
def store(blobs: AzureBlobs) -> BlobStore:
    """With files in it."""
    for number, name in enumerate(NAMES):
        blobs.write(name, io.BytesIO(bytes([number]) * number * 1000), number * 1000, "text/plain")
    return BlobStore(blobs, "blobs")


def test_every_file_comes_back_and_what_came_since_goes(store: BlobStore) -> None:
    """Name, kind, content; the checksum says so."""
    dump = store.dump()
    assert dump.content == store.content()
    for name in NAMES[:2]:
        store.blobs.remove(name)
    store.blobs.write("came since", io.BytesIO(b"x"), 1, "")
    store.blobs.write("plain", io.BytesIO(b"otherwise"), 9, "")
    assert store.content() != dump.content
    store.restore(unpacked(dump.file))
    assert store.content() == dump.content
    assert {one.content_type for one in store.blobs.listed()} == {"text/plain"}


def test_an_empty_container_is_an_empty_part(blobs: AzureBlobs) -> None:
    """And comes back as one."""
    store = BlobStore(blobs, "blobs")
    assert unpacked(store.dump().file) == []


def test_more_than_an_archive_takes_is_refused_and_not_left_out(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By size and by number, with the way out; so `delete` loses nothing in silence."""
    monkeypatch.setattr(archive, "MOST_BLOBS", 4)
    with pytest.raises(ArchiveBroken, match="--no-export"):
        store.dump()
    monkeypatch.setattr(archive, "MOST_BLOBS", 5)
    store.dump()
    monkeypatch.setattr(archive, "MOST_MB", 0)
    with pytest.raises(ArchiveBroken, match="nothing was written"):
        store.dump()


def _with_heads(content: bytes, change: object) -> bytes:
    line, _, rest = content.partition(b"\n")
    heads = json.loads(line)
    assert callable(change)
    change(heads)
    return json.dumps(heads).encode() + b"\n" + rest


@pytest.mark.parametrize(
    "change",
    [
        lambda heads: heads.pop(),
        lambda heads: heads.append(heads[0]),
        lambda heads: heads[-1].__setitem__(2, 10**12),
        lambda heads: heads[-1].__setitem__(2, -1),
        lambda heads: heads[-1].__setitem__(3, "0" * 64),
        lambda heads: heads[0].__setitem__(0, ""),
        lambda heads: heads[0].__setitem__(1, "text/plain\r\nx-ms-blob-type: PageBlob"),
        lambda heads: heads[0].append(1),
    ],
)
def test_what_whoever_wrote_an_archive_made_wrong_is_refused(store: BlobStore, change: object) -> None:
    """Before a file is written anywhere."""
    with pytest.raises(ArchiveBroken, match=r"blobs\.bin"):
        unpacked(_with_heads(store.dump().file, change))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}\n", b"[1]\n", b"[]\nmore", b"[[]]\n"])
def test_what_is_no_such_part_is_refused_unless_it_is_an_empty_one(content: bytes) -> None:
    """Whatever it is."""
    if content == b"[]":
        assert unpacked(content) == []
        return
    with pytest.raises(ArchiveBroken):
        unpacked(content)


@bounded
@given(content=like(WHOLE))
@example(content=b"[" * 100_000 + b"\n")
@example(content=b'[["a", "", 1e400, ""]]\n')
def test_whatever_is_in_such_a_part_ends_in_words(content: bytes) -> None:
    """Soon, and without much more room than it has."""
    in_words(lambda: unpacked(content), ArchiveBroken, size=len(content))
