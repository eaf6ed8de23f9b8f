"""Puts a part of a backup back: beside what lives, compared with its manifest, and only then into its place.

What is read from the store is checked before a database sees it. Killed at any step, the same command goes on there.
The old stays under another name until it is told to go.
"""

from __future__ import annotations

import functools
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deploy.target import RunTarget, keeps_in
from kept import keep, parsed
from kept.operator_error import OperatorError
from kept.say import Say
from recovery.catalogue import Backup, Catalogue
from recovery.fetched import fetched
from recovery.journal import Journal, journal
from recovery.manifest import Part
from recovery.marker import Marker
from recovery.opened import Opened, reached
from recovery.sources import source_of
from recovery.sources.source import Context, Copyable, NotRestorable
from recovery.tombstones import tombstones_of

__all__ = ["NotInBackup", "Restored", "Wanted", "remember", "remove_old", "restore"]

BLOCK = 1 << 20
SHOWN = 5


class NotInBackup(OperatorError):
    """What was asked for is in no backup, or not in that one; the text says what can be had."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What an operator asked for: a backup by its id, or the newest at or before a moment."""

    id: str = ""
    at: datetime | None = None
    tenant: str = ""
    service: str = ""
    to: str = ""
    """Another slug, under which it stays beside what lives."""


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What came back."""

    id: str
    parts: tuple[str, ...]
    names: tuple[str, ...]
    """What the old ones are called now; of a copy, what it is called."""
    left_out: tuple[str, ...] = ()


def restore(place: RunTarget, stack: str, wanted: Wanted, say: Say) -> Restored:
    """Does it. Raises NotInBackup, NoSuchBackup, WrongPassword before anything is touched; RepositoryDamaged,
    NotRestorable, SourceFailed while what lives is as it was.
    """
    with reached(place, stack, Marker.now(), say) as opened:
        backup = _chosen(opened, wanted)
        opened = Opened(ctx=_as_of(opened.ctx, backup.manifest.marker), stores=opened.stores)
        parts = _parts(Catalogue.read(place, opened.stores), backup, wanted)
        tombstones_of(place, stack, opened.ctx.keyring).refuse(parts)
        name = f"restore-{stack}-{wanted.tenant or wanted.service or 'all'}{f'-to-{wanted.to}' if wanted.to else ''}"
        asked = {"backup": backup.manifest.id, "tenant": wanted.tenant, "service": wanted.service, "to": wanted.to}
        with journal(keeps_in(place.target) / "recovery", name, asked, say) as steps:
            done = _restored(opened, parts, backup, wanted, steps)
            steps.end()
        return done


def remove_old(place: RunTarget, stack: str, say: Say) -> list[str]:
    """Removes everything that restores of this environment left aside; what went."""
    file = _left_file(place, stack)
    with reached(place, stack, Marker.now(), say) as opened:
        gone = []
        left = _left(file)
        while left:
            part, old = Part.model_validate(left[-1]["part"]), str(left[-1]["old"])
            source_of(opened.ctx, part).remove_old(opened.ctx, old)
            gone.append(old)
            left.pop()
            keep(file, json.dumps(left))
        return gone


def _chosen(opened: Opened, wanted: Wanted) -> Backup:
    catalogue = Catalogue.read(opened.ctx.place, opened.stores)
    if wanted.id:
        return catalogue.named(wanted.id)
    if wanted.at is None:
        raise ValueError("neither a backup nor a time was asked for")
    return catalogue.before(wanted.at)


def _as_of(ctx: Context, marker: Marker) -> Context:
    return Context(
        place=ctx.place,
        settings=ctx.settings,
        keyring=ctx.keyring,
        marker=marker,
        say=ctx.say,
        platform=ctx.platform,
        slugs=ctx.slugs,
    )


def _parts(catalogue: Catalogue, backup: Backup, wanted: Wanted) -> list[Part]:
    """The parts that are wanted. Raises NotInBackup, with what can be had instead."""
    found = list(backup.manifest.of(tenant=wanted.tenant, service=wanted.service))
    if wanted.service and not wanted.tenant:
        found = [part for part in found if not part.tenant]
    if found:
        return found
    id_, what = backup.manifest.id, f"tenant {wanted.tenant}" if wanted.tenant else wanted.service
    missed = [one.why for one in backup.manifest.missed if wanted.tenant in ("", one.tenant)]
    why = f": it was missed ({missed[0]})" if missed else ": it was made after it, or never had anything"
    others = [one.manifest.id for one in catalogue.with_tenant(wanted.tenant)] if wanted.tenant else []
    had = f"It is in {', '.join(others[-SHOWN:])}" if others else "It is in no backup: its archive, if one was exported"
    raise NotInBackup(f"{what} is not in the backup {id_}{why}. {had}. Fix: ./smos backups; ./smos tenant archive list")


def _restored(opened: Opened, parts: Sequence[Part], backup: Backup, wanted: Wanted, steps: Journal) -> Restored:
    ctx, id_ = opened.ctx, backup.manifest.id
    left_out = [part.name for part in parts if wanted.to and not isinstance(source_of(ctx, part), Copyable)]
    parts = [part for part in parts if part.name not in left_out]
    _refuse_no_room(ctx, parts)
    for part in parts:
        put, compare = functools.partial(_beside, opened, part), functools.partial(_checked, ctx, part)
        steps.step(f"beside:{part.name}", put, f"{part.name}: beside what lives")
        steps.step(f"checked:{part.name}", compare, f"{part.name}: compared with {id_}")
    names = []
    for part in parts:
        give = functools.partial(_placed, ctx, part, wanted)
        names.append(steps.step(f"placed:{part.name}", give, f"{part.name}: in its place"))
    return Restored(
        id=id_,
        parts=tuple(part.name for part in parts),
        names=tuple(name for name in names if name),
        left_out=tuple(left_out),
    )


def _beside(opened: Opened, part: Part) -> None:
    """Fetched, checked byte by byte, and put beside."""
    with tempfile.TemporaryDirectory(dir=opened.ctx.place.scratch, prefix="restore-") as named:
        folder = Path(named)
        fetched(opened.stores, part, folder)
        source_of(opened.ctx, part).restore_beside(opened.ctx, folder, part, _beside_name(opened.ctx, part))


def _checked(ctx: Context, part: Part) -> None:
    wrong = source_of(ctx, part).check(ctx, part, _beside_name(ctx, part))
    if wrong:
        lines = "\n  ".join(wrong[:SHOWN])
        more = f"\n  and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise NotRestorable(
            f"{part.name} came back otherwise than it was backed up; what lives was not touched:\n  {lines}{more}\n"
            "Fix: another backup (./smos backups)"
        )


def _placed(ctx: Context, part: Part, wanted: Wanted) -> str:
    source, name = source_of(ctx, part), _beside_name(ctx, part)
    if wanted.to:
        if not isinstance(source, Copyable):  # those were left out
            raise TypeError(f"{part.name} can't stand beside what lives")
        copy = source.keep_beside(ctx, part, name, wanted.to)
        remember(ctx, part, copy)
        return copy
    old = source.put_in_place(ctx, part, name)
    if old:
        remember(ctx, part, old)
    return old


def _beside_name(ctx: Context, part: Part) -> str:
    what = part.name.partition(":")[2].rpartition("/")[2]
    return f"{what}_restored_{ctx.marker.id.replace('-', '_')}"


def _refuse_no_room(ctx: Context, parts: Sequence[Part]) -> None:
    largest = max((part.bytes for part in parts), default=0)
    free = shutil.disk_usage(ctx.place.scratch).free
    if free < 2 * largest + (64 << 20):
        raise NotRestorable(
            f"{ctx.place.scratch} has {free >> 20} MB free, and the largest part has {largest >> 20} MB. Nothing was "
            "touched. Fix: make room"
        )


def remember(ctx: Context, part: Part, old: str) -> None:
    """Notes what a restore left aside, so that `remove_old` finds it."""
    file = _left_file(ctx.place, ctx.stack)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # nothing else was perhaps kept there yet
    left = [one for one in _left(file) if one["old"] != old]
    keep(file, json.dumps([*left, {"old": old, "part": part.model_dump(mode="json")}]))


def _left(file: Path) -> list[dict[str, object]]:
    try:
        return list(parsed(file, "remove it: what restores left aside is then yours to remove"))
    except FileNotFoundError:
        return []


def _left_file(place: RunTarget, stack: str) -> Path:
    return keeps_in(place.target) / "recovery" / f"left-aside-{stack}.json"
