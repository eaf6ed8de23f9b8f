"""A container's blobs come back with their kinds and contents, beside what is there and then over it."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deploy.blob_objects import BLOB_API, AzureBlobs
from deploy.target import Target
from recovery.manifest import Part
from recovery.sources.blobs import BlobsSource, _prefix
from recovery.sources.source import Context, NotRestorable, SourceFailed
from sandbox.azure.server.blobs import ADDRESS_FILE
from tests.deploy.test_blob_objects import NAMES, blobs, service
from tests.recovery.sources.contexts import context, part_of, stored

__all__ = ["blobs", "service"]

NAME = "t-acme_restored_20261130_120000"


class There:
    """A container with blobs in it."""

    def __init__(self, blobs: AzureBlobs, folder: Path, address: str) -> None:
        self.blobs, self.folder = blobs, folder / "backup"
        self.folder.mkdir()
        place = SimpleNamespace(target=Target.SANDBOX, environ={BLOB_API: address})
        self.ctx: Context = context(SimpleNamespace(stack="prod"), place)
        self.source = BlobsSource("st", "t-acme", tenant="acme")
        for number, name in enumerate(NAMES):
            blobs.write(name, io.BytesIO(bytes([number]) * number * 1000), number * 1000, "text/plain")

    def captured(self) -> Part:
        """A backup, in `folder`."""
        with self.source.capture(self.ctx, self.folder) as captured:
            stored(captured, self.folder, "stream")
            return part_of(captured, "blobs", "stream")

    def seen(self) -> dict[str, Any]:
        """Name → kind and content, of what is in its place."""
        found = {}
        for one in self.blobs.listed():
            held = io.BytesIO()
            self.blobs.read(one.name, held)
            if not one.name.startswith(".smos-"):
                found[one.name] = (one.content_type, held.getvalue())
        return found


@pytest.fixture
def there(blobs: AzureBlobs, tmp_path: Path) -> There:
    """Of the simulated storage account."""
    return There(blobs, tmp_path, (tmp_path / ADDRESS_FILE).read_text())


def test_every_blob_comes_back_and_what_was_there_stays_aside(there: There) -> None:
    """What came since goes from its place; nothing of a restore is in a later backup."""
    part, before = there.captured(), there.seen()
    assert part.digests.rows["files"] == len(NAMES)
    there.blobs.remove(NAMES[0])
    there.blobs.write("plain", io.BytesIO(b"damaged"), 7, "text/html")
    there.blobs.write("came since", io.BytesIO(b"x"), 1, "")
    lives = there.seen()
    there.source.restore_beside(there.ctx, there.folder, part, NAME)
    assert there.source.check(there.ctx, part, NAME) == []
    assert there.seen() == lives
    old = there.source.put_in_place(there.ctx, part, NAME)
    assert there.seen() == before
    assert there.source.put_in_place(there.ctx, part, NAME) == old  # run again by who was killed after it
    assert there.seen() == before
    held = io.BytesIO()
    there.blobs.read(f"{_prefix(old)}came since", held)
    assert held.getvalue() == b"x"
    (there.folder / "stream").unlink()
    assert part.digests.differences(there.captured().digests) == []
    with pytest.raises(NotRestorable):
        there.source.remove_old(there.ctx, "t-acme")
    there.source.remove_old(there.ctx, old)
    assert {one.name for one in there.blobs.listed()} == set(before)


@pytest.mark.parametrize("killed_after", range(0, 22, 3))
def test_killed_anywhere_the_same_goes_on(there: There, monkeypatch: pytest.MonkeyPatch, killed_after: int) -> None:
    """After any write or removal; the copy of what was there is of what was there."""
    part, before = there.captured(), there.seen()
    there.blobs.write("plain", io.BytesIO(b"damaged"), 7, "text/html")
    there.source.restore_beside(there.ctx, there.folder, part, NAME)
    left = [killed_after]

    def counted(do: Any) -> Any:
        def done(*arguments: Any) -> Any:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            return do(*arguments)

        return done

    with monkeypatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
        for name in ("write", "remove"):
            patched.setattr(AzureBlobs, name, counted(getattr(AzureBlobs, name)))
        there.source.put_in_place(there.ctx, part, NAME)
    old = there.source.put_in_place(there.ctx, part, NAME)
    assert there.seen() == before
    held = io.BytesIO()
    there.blobs.read(f"{_prefix(old)}plain", held)
    assert held.getvalue() == b"damaged"


def test_another_kind_or_content_is_told(there: There) -> None:
    """By the blob's name."""
    part = there.captured()
    there.source.restore_beside(there.ctx, there.folder, part, NAME)
    there.blobs.write(f"{_prefix(NAME)}plain", io.BytesIO(bytes([2]) * 2000), 2000, "text/html")
    assert there.source.check(there.ctx, part, NAME)[0].startswith("plain: content")


def test_a_bucket_of_r2_is_told_as_missed(there: There) -> None:
    """Rather than left out."""
    source = BlobsSource("account", "bucket", vendor="cloudflare")
    with pytest.raises(SourceFailed, match="keys of S3"), source.capture(there.ctx, there.folder):
        pass


def test_a_store_in_azure_is_never_one_for_what_is_in_azure() -> None:
    """Both would be lost together: refused with the path and the way out."""
    from recovery.stores import NoBackups, stores_for
    from settings.backups import Backups

    stores = [{"name": "azure", "kind": "azblob", "account": "stbackups"}]
    backups = Backups.model_validate({"stores": stores})
    with pytest.raises(NoBackups, match="smarteros:backups/stores"):
        stores_for(backups, BlobsSource("st", "t-acme").domain, "blobs:st/t-acme")
