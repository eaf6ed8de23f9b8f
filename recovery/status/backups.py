"""How old the newest backup is, how large, what it lacks, and when its content was last proved by a restore."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from recovery.status.probe import Finding, Level, Look, Probe

__all__ = ["LATE_TIMES", "PROBE"]

LATE_TIMES = 3
"""A backup is late after so many intervals: one may be under way, and one may have met a bad minute."""


def _ask(look: Look) -> Iterator[Finding]:
    settings = look.settings.backups
    if settings is None:
        mend = f"smarteros:backups in Pulumi.{look.stack}.yaml (docs/backups.md)"
        yield Finding(probe="backups", subject="backups", level="warning", says="none are declared", mend=mend)
        return
    from recovery.catalogue import Catalogue
    from recovery.marker import Marker
    from recovery.opened import opened

    found = opened(look.place, look.stack, Marker.now(), look.say)
    catalogue = Catalogue.read(look.place, found.stores)
    for problem in catalogue.problems:
        yield Finding(probe="backups", subject="stores", level="bad", says=problem, mend="./smos backups")
    newest = catalogue.newest()
    if newest is None:
        says, mend = "no backup of everything yet", "./smos backup all"
        yield Finding(probe="backups", subject="newest", level="warning", says=says, mend=mend)
        return
    made = newest.manifest
    age = look.now - made.marker.at
    late = datetime.timedelta(minutes=LATE_TIMES * settings.interval_minutes.files)
    level: Level = "bad" if made.missed or age > late else "good"
    lacks = f"; it lacks {', '.join(one.name for one in made.missed)}" if made.missed else ""
    minutes = age / datetime.timedelta(minutes=1)
    yield Finding(
        probe="backups",
        subject="newest",
        level=level,
        says=f"{made.id}: {minutes:.0f} minutes old, {made.bytes / 1024**2:.1f} MB in {len(made.parts)} parts{lacks}",
        mend="" if level == "good" else "./smos backup all says what is in its way",
        facts={"age_minutes": round(minutes, 1), "bytes": made.bytes, "id": made.id, "parts": len(made.parts)},
    )


PROBE = Probe(name="backups", title="Backups", ask=_ask, limit_s=60.0)
