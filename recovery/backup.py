"""Makes a backup: one moment for all of its parts, each into a store of another failure domain, the manifest last.

Killed at any moment it leaves parts without a manifest: no backup, which the next one's retention removes. It writes
nothing into what it reads but the marker.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from deploy.code import code_of
from deploy.target import ROOT, RunTarget, keeps_in
from kept.operator_error import OperatorError
from kept.say import Say
from recovery.catalogue import write_manifest
from recovery.journal import journal
from recovery.manifest import Digests, Manifest, Missed, Part
from recovery.marker import Marker
from recovery.opened import Opened, reached
from recovery.sources import sources_of
from recovery.sources.source import Captured, Source, SourceFailed
from recovery.stores import backups_of, stores_for

__all__ = ["ALL", "NothingToBackUp", "back_up"]

ALL = "all"
TOGETHER_BYTES = 64 << 20
"""A stream that is smaller is put into one snapshot with others: a start of restic costs more than its content."""
BLOCK = 1 << 20


class NothingToBackUp(OperatorError):
    """Nothing is called so."""

    exit_code = 2


@dataclass
class _Held:
    """A source whose moment is fixed."""

    source: Source
    captured: Captured
    folder: Path
    store: str
    sha256: str = ""
    bytes: int = 0
    seconds: float = 0.0
    digests: Digests = field(default_factory=Digests)
    snapshot: str = ""
    together: bool = True

    @property
    def path(self) -> str:
        """Its folder in the snapshot."""
        return f"/{self.folder.name}" if self.together else "/"


def back_up(place: RunTarget, stack: str, scope: str, say: Say) -> Manifest:
    """A backup of everything (`all`), of a tenant or of a service. What could not be taken is in its `missed`.

    Raises SettingsError, KeyringError, NoBackups, WrongPassword, StoreUnreachable before anything is read.
    """
    folder = keeps_in(place.target) / "recovery"
    with journal(folder, f"backup-{stack}", {}, say), contextlib.ExitStack() as stack_:
        marker = Marker.now()
        began = time.monotonic()
        opened = stack_.enter_context(reached(place, stack, marker, say))
        wanted = _chosen(opened, scope)
        key_ids = _open_stores(opened, wanted)
        work = Path(stack_.enter_context(tempfile.TemporaryDirectory(dir=place.scratch, prefix="backup-")))
        missed: list[Missed] = []
        held = list(_captured(opened, wanted, work, stack_, missed))
        say(f"backup {marker.id}: {len(held)} parts of {scope}, all as of {marker.at:%H:%M:%S} UTC")
        _taken(opened, held, missed)
        manifest = Manifest(
            id=marker.id,
            environment=stack,
            scope=scope,
            program=code_of(ROOT)[:12],
            began_at=marker.at,
            ended_at=datetime.datetime.now(datetime.UTC),
            parts=tuple(_part(one) for one in held if one.snapshot),
            missed=tuple(missed),
            key_ids=key_ids,
        )
        for store in sorted(key_ids):
            write_manifest(opened.stores[store], manifest, work / f"manifest-{store}")
        say(f"backup {marker.id} is complete: {manifest.bytes} bytes in {time.monotonic() - began:.1f} s")
        return manifest


def _chosen(opened: Opened, scope: str) -> list[Source]:
    found = list(sources_of(opened.ctx))
    if scope == ALL:
        return found
    chosen = [one for one in found if one.tenant == scope or (one.service == scope and not one.tenant)]
    if not chosen:
        names = ", ".join(sorted({one.tenant or one.service for one in found} - {""}))
        raise NothingToBackUp(f"{scope}: there is no tenant and no service of that name with data. Fix: all, {names}")
    return chosen


def _open_stores(opened: Opened, wanted: Sequence[Source]) -> dict[str, str]:
    """Every store that is needed opens with the keyring's password, or nothing is begun. Store → id of its key."""
    backups = backups_of(opened.ctx.settings)
    needed = {stores_for(backups, one.domain, one.name)[0].name for one in wanted}
    return {
        name: f"{opened.stores[name].opened(create=True)[:12]}/{opened.stores[name].key_id}" for name in sorted(needed)
    }


def _captured(
    opened: Opened, wanted: Sequence[Source], work: Path, stack: contextlib.ExitStack, missed: list[Missed]
) -> Iterator[_Held]:
    """Fixes the moment of each, one after the other and at once: nothing is read in between."""
    backups = backups_of(opened.ctx.settings)
    room = shutil.disk_usage(work).free // 2
    for number, source in enumerate(wanted):
        store = stores_for(backups, source.domain, source.name)[0].name
        folder = work / store / f"{number:04d}-{source.kind}"
        folder.mkdir(parents=True, mode=0o700)
        try:
            captured = stack.enter_context(source.capture(opened.ctx, folder))
        except SourceFailed as error:
            missed.append(_missed(source, error))
            continue
        together = captured.stream is None or 0 < captured.size <= min(TOGETHER_BYTES, room)
        room -= captured.size if together else 0
        yield _Held(source=source, captured=captured, folder=folder, store=store, together=together)


def _taken(opened: Opened, held: Sequence[_Held], missed: list[Missed]) -> None:
    for one in held:
        begun = time.monotonic()
        try:
            _read(opened, one)
        except SourceFailed as error:
            one.snapshot = ""
            shutil.rmtree(one.folder)
            missed.append(_missed(one.source, error))
            one.together = False
        one.seconds = time.monotonic() - begun
    for store in sorted({one.store for one in held if one.together}):
        some = [one for one in held if one.together and one.store == store]
        taken = opened.stores[store].take_folder(some[0].folder.parent, _tags(opened, "together"))
        for one in some:
            one.snapshot = taken.snapshot


def _read(opened: Opened, one: _Held) -> None:
    """Its content and what is in it: both at once where it may be, for each reads all of it."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        asked = beside.submit(one.captured.digests) if one.captured.meanwhile else None
        if one.together:
            _staged(one)
        else:
            _streamed(opened, one)
        one.digests = asked.result() if asked else one.captured.digests()


def _staged(one: _Held) -> None:
    """Its stream as a file of its folder; what is a folder already stays as it is."""
    if one.captured.stream is None:
        one.bytes = sum(file.stat().st_size for file in one.folder.rglob("*") if file.is_file())
        return
    found = hashlib.sha256()
    with open(one.folder / "stream", "xb") as out, one.captured.stream() as source:
        while block := source.read(BLOCK):
            found.update(block)
            out.write(block)
            one.bytes += len(block)
    one.sha256 = found.hexdigest()


def _streamed(opened: Opened, one: _Held) -> None:
    if one.captured.stream is None:
        raise TypeError(f"{one.source.name} is a folder: those are taken together")
    taken = opened.stores[one.store].take_stream(one.captured.stream, "stream", _tags(opened, one.source.name))
    one.snapshot, one.sha256, one.bytes = taken.snapshot, taken.sha256, taken.bytes


def _tags(opened: Opened, what: str) -> dict[str, str]:
    return {"kind": "part", "id": opened.ctx.marker.id, "part": what.replace(",", ".")}


def _part(one: _Held) -> Part:
    source, captured = one.source, one.captured
    return Part(
        name=source.name,
        kind=source.kind,
        service=source.service,
        tenant=source.tenant,
        domain=source.domain,
        store=one.store,
        snapshot=one.snapshot,
        path=one.path,
        file="stream" if captured.stream is not None else "",
        bytes=one.bytes,
        seconds=round(one.seconds, 3),
        taken_at=captured.taken_at,
        digests=one.digests,
        sha256=one.sha256,
        versions=captured.versions,
        facts=captured.facts,
    )


def _missed(source: Source, error: SourceFailed) -> Missed:
    return Missed(name=source.name, tenant=source.tenant, service=source.service, why=str(error)[:1000])
