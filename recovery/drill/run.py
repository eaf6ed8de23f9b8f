"""One drill: what was backed up comes back from its store into a scratch place, is looked at there, and goes.

Nothing that lives is asked or touched: the content comes from the stores alone, and what is measured against is the
backup's own manifest. A drill that was killed left a folder, which the next one removes; there is nothing to resume.
"""

from __future__ import annotations

import datetime
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from kept import Damaged, keep, words
from kept.operator_error import OperatorError
from kept.say import Say
from recovery.drill.declared import volumes_asked_for
from recovery.drill.order import Load, Loaded, Order, Told
from recovery.drill.proof import TIME, Answer, Proof, ProvedPart
from recovery.drill.scratch import remove_leftover
from recovery.drill.sealed import asked_inside
from recovery.drill.unpacked import differences, unpack
from recovery.manifest import Manifest, Part

__all__ = ["Fetch", "Place", "Unasked", "drilled", "remove_leftovers"]

Fetch = Callable[[Part, Path], None]
"""Brings what one part holds from its store into an empty folder. Raises OperatorError."""
Secrets = Callable[[Part], Mapping[str, str]]
"""What a part's service is asked with, by the names of its secrets."""
Unasked = Callable[[str], str]
"""What only the running application could answer, by the service's key; empty for one that keeps nothing."""
_OWNER = "owner"


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a drill works with."""

    folder: Path
    """Below it each drill has a folder of its own for as long as it runs."""
    environment: str
    target: str
    system: str
    fetch: Fetch
    secrets: Secrets = field(repr=False)
    unasked: Unasked
    say: Say
    clock: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC)


def drilled(place: Place, manifest: Manifest, parts: Sequence[Part], scope: str) -> Proof:
    """Does it with these parts of the backup. Raises DrillFailed where nothing could be looked at at all."""
    remove_leftovers(place.folder)
    begun = place.clock()
    work = place.folder / f"{begun:%Y%m%dT%H%M%S}-{os.getpid()}"
    work.mkdir(parents=True, mode=0o700)
    me = psutil.Process()
    keep(work / _OWNER, f"{me.pid} {me.create_time()}")
    try:
        fetched = {part.name: _fetched(place, part, work / f"part-{number}") for number, part in enumerate(parts)}
        place.say("looking at what came back, in a place without a way out")
        told = asked_inside(_order(place, parts, fetched, work))
        proved = tuple(_proved(part, fetched[part.name], told.parts.get(part.name), begun) for part in parts)
    finally:
        _removed(work)
    return Proof(
        environment=place.environment,
        target=place.target,
        backup=manifest.id,
        scope=scope,
        begun=begun.strftime(TIME),
        ended=place.clock().strftime(TIME),
        parts=proved,
        closed=told.closed,
        sentinel_age_s=_sentinel_age(told, begun),
        unasked=tuple(_unasked(place, parts)),
        left_out=tuple(f"{part.name}: not asked for in this drill" for part in manifest.parts if part not in parts)
        + tuple(f"{one.name}: the backup has none: {one.why}" for one in manifest.missed),
        removed=not work.exists(),
    )


@dataclass(frozen=True)
class _Fetched:
    folder: Path
    answer: Answer
    seconds: float

    @property
    def there(self) -> bool:
        return self.answer.outcome != "wrong"


def _fetched(place: Place, part: Part, folder: Path) -> _Fetched:
    place.say(f"fetching {part.name} from {part.store}")
    begun = time.monotonic()
    folder.mkdir(mode=0o700)
    try:
        place.fetch(part, folder)
        wrong = list(_otherwise(part, folder))
    except OperatorError as error:
        wrong = [str(error)]
    seconds = round(time.monotonic() - begun, 3)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    answer = Answer(
        name="comes-back",
        asks="the store gives back what was put there, file by file",
        outcome="wrong" if wrong else "right",
        found="; ".join(wrong[:3])[:500] if wrong else f"{size} bytes, in {seconds} s",
        seconds=seconds,
    )
    return _Fetched(folder, answer, seconds)


def _otherwise(part: Part, folder: Path) -> Iterator[str]:
    """What is otherwise than the manifest says. restic has compared what it gave back with what it was given; a
    database's rows are compared inside; of what only its own program opens, no more can be said here.
    """
    if part.file and not (folder / part.file).is_file():
        yield f"{part.file} did not come back"
    elif part.file:
        yield from differences(part, folder / part.file)
    elif not any(folder.iterdir()) and part.bytes:
        yield "nothing came back"


def _order(place: Place, parts: Iterable[Part], fetched: Mapping[str, _Fetched], work: Path) -> Order:
    loads = tuple(
        Load(
            part=part.name,
            service=part.service,
            database=part.facts.get("database", part.name.rpartition("/")[2]),
            dump=fetched[part.name].folder / part.file,
            facts=part.facts,
            digests=part.digests,
            secrets=place.secrets(part),
        )
        for part in parts
        if part.kind == "database" and fetched[part.name].there
    )
    volumes = dict(_volumes(parts, fetched))
    return Order(folder=work, system=place.system, loads=loads, volumes=volumes)


def _volumes(parts: Iterable[Part], fetched: Mapping[str, _Fetched]) -> Iterator[tuple[str, Path]]:
    """Those whose files some service asks for, unpacked; by the volume's name."""
    for part in parts:
        got, name = fetched[part.name], part.name.partition(":")[2]
        if part.kind == "volume" and got.there and name.endswith(volumes_asked_for()):
            files = got.folder / "files"
            unpack(got.folder / part.file, files)
            yield name, files


def _proved(part: Part, fetched: _Fetched, loaded: Loaded | None, begun: datetime.datetime) -> ProvedPart:
    inside = loaded.answers if loaded else ()
    if not inside and fetched.there and part.kind not in ("volume", "blobs"):
        found = "it came back as it was put there; nothing here opens it"
        inside = (Answer(name="opens", asks="its own program opens it", outcome="unproved", found=found),)
    return ProvedPart(
        name=part.name,
        kind=part.kind,
        service=part.service,
        tenant=part.tenant,
        store=part.store,
        snapshot=part.snapshot,
        taken_at=part.taken_at.astimezone(datetime.UTC).strftime(TIME),
        size=part.bytes,
        rpo_s=max(0.0, round((begun - part.taken_at).total_seconds(), 1)),
        rto_s=round(fetched.seconds + (loaded.seconds if loaded else 0.0), 3),
        answers=(fetched.answer, *inside),
    )


def _sentinel_age(told: Told, begun: datetime.datetime) -> float | None:
    """Of the oldest of the newest markers: no database is older than that."""
    ages = [(begun - one.marker_at).total_seconds() for one in told.parts.values() if one.marker_at]
    return round(max(ages), 1) if ages else None


def _unasked(place: Place, parts: Iterable[Part]) -> Iterator[str]:
    for service in sorted({part.service for part in parts if part.service}):
        if text := place.unasked(service):
            yield f"{service}: {text}"


def remove_leftovers(folder: Path) -> None:
    """Removes what killed drills left: the server, where it still runs, and the data. A living one's stays."""
    for work in folder.glob("*-*"):
        if work.is_dir() and not _is_alive(work):
            _removed(work)


def _removed(work: Path) -> None:
    if (server := work / "server").is_dir():
        remove_leftover(server)
    shutil.rmtree(work, ignore_errors=True)


def _is_alive(work: Path) -> bool:
    try:
        pid, started = words(work / _OWNER, "").split()
        return abs(psutil.Process(int(pid)).create_time() - float(started)) < 1
    except (Damaged, OSError, ValueError, psutil.Error):
        return False
