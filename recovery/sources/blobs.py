"""Blob containers in Azure: the platform's (without that of the backups themselves) and every tenant's.

Read and written by the data plane (`deploy.blob_objects`), each blob with its kind. A restore lies in the container
itself under names that begin with `.smos-`, is read back and compared, and then written over what is there, of which a
copy stays. Buckets of R2 are told as missed: Cloudflare's token makes buckets, and reading what is in them takes keys
of S3 that the keyring has not.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import tarfile
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from deploy.blob_objects import AzureBlobs, Blob, BlobsRefused, blobs_of
from recovery.manifest import Digests, Kind, Part
from recovery.sources.source import Captured, Context, NotRestorable, SourceFailed
from recovery.sources.tar_digests import Watched, digests_of, watched

__all__ = ["ASIDE", "BlobsSource", "source_of", "sources"]

ASIDE = ".smos-"
LONGEST_KIND = 99
"""As much of a blob's kind as a tar keeps."""


@dataclass(frozen=True)
class BlobsSource:
    """One container."""

    account: str
    container: str
    tenant: str = ""
    vendor: str = "azure"
    kind: Kind = "blobs"
    service: str = "storage"

    @property
    def name(self) -> str:
        """`blobs:` and the account's and container's names."""
        return f"blobs:{self.account}/{self.container}"

    @property
    def domain(self) -> str:
        """Its vendor."""
        return self.vendor

    @contextlib.contextmanager
    def capture(self, ctx: Context, folder: Path) -> Iterator[Captured]:
        """A tar of what the list has at that moment; what is written over while it is read, is as it was read."""
        taken_at = datetime.datetime.now(datetime.UTC)
        with self._told():
            blobs = self._blobs(ctx)
            listed = [one for one in blobs.listed() if not one.name.startswith(ASIDE)]
        seen: list[Watched] = []

        @contextlib.contextmanager
        def stream() -> Iterator[IO[bytes]]:
            with _packed(blobs, listed) as packed, watched(packed) as found:
                seen.append(found)
                yield found.stream

        def digests() -> Digests:
            if not seen or seen[-1].digests is None:
                raise SourceFailed(f"{self.name}: what was read is no whole archive. Fix: the same command again")
            return seen[-1].digests

        facts = {"account": self.account, "container": self.container}
        size = sum(one.size for one in listed) or 1
        yield Captured(taken_at=taken_at, stream=stream, size=size, digests=digests, facts=facts)

    def restore_beside(self, ctx: Context, folder: Path, part: Part, name: str) -> None:
        """In the container itself, under a name."""
        with self._told():
            blobs = self._blobs(ctx)
            for old in list(blobs.listed(_prefix(name))):
                blobs.remove(old.name)
            with tarfile.open(folder / part.file) as tar:
                for entry in tar:
                    content = tar.extractfile(entry)
                    if content is not None:
                        blobs.write(_prefix(name) + entry.name, content, entry.size, entry.linkname)

    def check(self, ctx: Context, part: Part, name: str) -> list[str]:
        """Every blob's kind and content, read back."""
        with self._told():
            blobs, prefix = self._blobs(ctx), _prefix(name)
            with _packed(blobs, list(blobs.listed(prefix)), prefix) as packed:
                return part.digests.differences(digests_of(packed))

    def put_in_place(self, ctx: Context, part: Part, name: str) -> str:
        """First a copy of all that is there, then what came back over it; what the backup has not goes."""
        old = f"{name}_before_{part.taken_at.astimezone(datetime.UTC):%Y%m%d-%H%M%S}"
        with self._told():
            blobs, prefix = self._blobs(ctx), _prefix(name)
            wanted = list(blobs.listed(prefix))
            if not list(blobs.listed(_whole(name))) and (wanted or not part.digests.rows.get("files")):
                living = [one for one in blobs.listed() if not one.name.startswith(ASIDE)]
                if not list(blobs.listed(_whole(old))):
                    for one in living:
                        _copy(blobs, one, _prefix(old) + one.name)
                    _mark(blobs, _whole(old))
                for one in wanted:
                    _copy(blobs, one, one.name.removeprefix(prefix))
                known = {one.name.removeprefix(prefix) for one in wanted}
                for one in living:
                    if one.name not in known:
                        blobs.remove(one.name)
                _mark(blobs, _whole(name))
            for one in wanted:  # from here on a part of them says nothing of the whole
                blobs.remove(one.name)
            blobs.remove(_whole(name))
        return old

    def remove_old(self, ctx: Context, old: str) -> None:
        """The copy of what was there before a restore."""
        if "_before_" not in old:
            raise NotRestorable(f"{self.name}: {old} is nothing that a restore left aside. Nothing was removed")
        with self._told():
            blobs = self._blobs(ctx)
            for one in [*blobs.listed(_prefix(old)), *blobs.listed(_whole(old))]:
                blobs.remove(one.name)

    def _blobs(self, ctx: Context) -> AzureBlobs:
        if self.vendor != "azure":
            raise SourceFailed(
                f"{self.name}: the files of a bucket of R2 are not read: that takes keys of S3. Fix: a copy by rclone, "
                "or smarteros:services/storage in Azure"
            )
        return blobs_of(ctx.place, self.account, self.container)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except BlobsRefused as error:
            raise SourceFailed(f"{self.name}: {error}") from None
        except tarfile.TarError as error:
            raise SourceFailed(f"{self.name}: what came back is no whole archive: {error}") from None


@contextlib.contextmanager
def _packed(blobs: AzureBlobs, listed: Sequence[Blob], prefix: str = "") -> Iterator[IO[bytes]]:
    """The blobs as a tar that flows; each is spooled first, for its header says how long it is. Leaving the block
    raises what went wrong.
    """
    reading, writing = os.pipe()
    failed: list[Exception] = []

    def write() -> None:
        with os.fdopen(writing, "wb") as target, contextlib.suppress(BrokenPipeError):
            try:
                with tarfile.open(fileobj=target, mode="w|", format=tarfile.GNU_FORMAT) as tar:
                    for one in listed:
                        _add(tar, blobs, one, prefix)
            except BlobsRefused as error:
                failed.append(error)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    with os.fdopen(reading, "rb") as stream:
        try:
            yield stream
        finally:
            stream.close()
            thread.join()
    if failed:
        raise SourceFailed(str(failed[0]))


def _add(tar: tarfile.TarFile, blobs: AzureBlobs, one: Blob, prefix: str) -> None:
    with tempfile.TemporaryFile() as held:
        entry = tarfile.TarInfo(one.name.removeprefix(prefix))
        entry.size, entry.mode, entry.linkname = blobs.read(one.name, held), 0o600, one.content_type[:LONGEST_KIND]
        held.seek(0)
        tar.addfile(entry, held)


def _copy(blobs: AzureBlobs, one: Blob, target: str) -> None:
    with tempfile.TemporaryFile() as held:
        size = blobs.read(one.name, held)
        held.seek(0)
        blobs.write(target, held, size, one.content_type)


def _prefix(name: str) -> str:
    """Short: a blob's name has 1,024 characters at most, with this before it."""
    return f"{ASIDE}{hashlib.sha256(name.encode()).hexdigest()[:8]}/"


def _whole(name: str) -> str:
    """The blob that says that all of it is where it goes: of what was there, aside; of what came back, in its place."""
    return f"{_prefix(name)[:-1]}|whole"


def _mark(blobs: AzureBlobs, name: str) -> None:
    with tempfile.TemporaryFile() as nothing:
        blobs.write(name, nothing, 0, "")


def source_of(ctx: Context, part: Part) -> BlobsSource | None:
    """That of a part of this kind."""
    if part.kind != "blobs":
        return None
    return BlobsSource(part.facts["account"], part.facts["container"], tenant=part.tenant)


def sources(ctx: Context) -> Sequence[BlobsSource]:
    """The platform's containers and its tenants', as the platform's output and the settings name them."""
    from tenants.names import TenantNames

    wanted, blobs = ctx.settings.services.storage, ctx.platform.blobs if ctx.platform is not None else None
    if wanted is None or blobs is None:
        return ()
    vendor = "azure" if blobs.kind == "azure" else "cloudflare"
    account = blobs.account or blobs.account_id
    own = () if wanted.backups is None else (wanted.backups.container,)
    platform = [BlobsSource(account, name, vendor=vendor) for name in wanted.containers if name not in own]
    return (*platform, *(BlobsSource(account, TenantNames(slug).blobs, slug, vendor) for slug in ctx.slugs))
