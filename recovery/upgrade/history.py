"""Which upgrades of an environment ended well, from this machine: with which backup each began. A return to a tag looks
here for the data that the older code can read.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.target import RunTarget
from kept import Damaged, keep, parsed
from recovery.upgrade.unended import folder_of

__all__ = ["Upgrade", "added", "file_of", "fitting", "read"]

MOST = 500
_MEND = "remove it: which backup an upgrade began with, ./smos backups still tells by the time"


@dataclass(frozen=True, kw_only=True)
class Upgrade:
    """One that ended well."""

    service: str
    before: str
    after: str
    backup: str
    """Of the data as the older code left it; empty: it has none."""
    at: str
    """When it ended, in UTC."""


def file_of(place: RunTarget, stack: str) -> Path:
    """Where the list of an environment is."""
    return folder_of(place) / f"upgrades-{stack}.json"


def read(file: Path) -> list[Upgrade]:
    """Oldest first; none where there is no file. Raises Damaged."""
    try:
        content = parsed(file, _MEND)
        return [Upgrade(**one) for one in content]
    except FileNotFoundError:
        return []
    except TypeError:
        raise Damaged(file, "not what belongs there: no list of upgrades", _MEND) from None


def added(file: Path, *, service: str, before: str, after: str, backup: str) -> None:
    """Notes one more."""
    at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    one = Upgrade(service=service, before=before, after=after, backup=backup, at=at)
    keep(file, json.dumps([asdict(each) for each in [*read(file), one][-MOST:]], indent=1))


def fitting(upgrades: Iterable[Upgrade], service: str, tag: str) -> Upgrade | None:
    """The newest that left that version: its backup is the newest data that this version wrote."""
    return next((one for one in reversed(list(upgrades)) if (one.service, one.before) == (service, tag)), None)
