"""The backups of an environment, looked at: read, where asked checked and tidied first, and judged."""

from __future__ import annotations

import datetime
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from age_keyring.signing import public_of
from deploy.proofs import age_of_newest, proofs_folder
from deploy.target import RunTarget
from kept.say import Say
from recovery.catalogue import Catalogue, write_check
from recovery.drill.shelf import newest, signing_key, too_old
from recovery.judged import problems, recovery_point
from recovery.marker import Marker
from recovery.opened import Opened, opened
from recovery.restic_problems import NoRepository, ResticFailed
from recovery.retention import tidy
from recovery.stores import backups_of

__all__ = ["Looked", "look"]


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What there is, and what is wrong with it."""

    catalogue: Catalogue
    point: datetime.timedelta | None
    """How much would be lost now; None: everything."""
    problems: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """As one JSON object."""
        listed = []
        for one in self.catalogue.backups:
            manifest = one.manifest
            listed.append(
                {
                    "id": manifest.id,
                    "scope": manifest.scope,
                    "at": manifest.marker.at.isoformat(),
                    "seconds": (manifest.ended_at - manifest.began_at).total_seconds(),
                    "skewSeconds": manifest.skew.total_seconds(),
                    "bytes": manifest.bytes,
                    "tenants": list(manifest.tenants),
                    "parts": [part.name for part in manifest.parts],
                    "missed": [part.name for part in manifest.missed],
                    "stores": list(one.stores),
                }
            )
        checked = {store: at.isoformat() for store, at in self.catalogue.checked.items()}
        lost = self.point.total_seconds() if self.point is not None else None
        return {
            "ok": not self.problems,
            "backups": listed,
            "recoveryPointSeconds": lost,
            "checked": checked,
            "cutOff": self.catalogue.incomplete(),
            "problems": list(self.problems),
        }


def look(place: RunTarget, stack: str, say: Say, *, check: bool = False, forget: bool = False) -> Looked:
    """Reads the stores. Raises NoBackups, WrongPassword, KeyringError."""
    now = datetime.datetime.now(datetime.UTC)
    found = opened(place, stack, Marker.of(now), say)
    backups = backups_of(found.ctx.settings)
    more: list[str] = []
    if forget:
        catalogue = Catalogue.read(place, found.stores)
        for store, count in tidy(catalogue, found.stores, backups.retention, now).items():
            say(f"{store}: {count} snapshots were forgotten")
    if check:
        more = _checked(found, backups.check_percent, say)
    catalogue = Catalogue.read(place, found.stores)
    keys = {name: restic.key_id for name, restic in found.stores.items()}
    wrong = problems(catalogue, backups, now, slugs=found.ctx.slugs, keys=keys)
    unproved = _unproved(found, backups.proof_max_age_days, now)
    return Looked(catalogue=catalogue, point=recovery_point(catalogue, now), problems=(*more, *wrong, *unproved))


def _unproved(found: Opened, limit_days: int, now: datetime.datetime) -> list[str]:
    """That the newest proof of a restore is too old. Only what this keyring signed counts; without any, the days since
    the environment is known.
    """
    place, stack = found.ctx.place, found.ctx.stack
    public = public_of(signing_key(found.ctx.settings, found.ctx.keyring))
    kept = newest(proofs_folder(place.target), stack, public)
    if kept is None and age_of_newest(place.target, stack, now) <= datetime.timedelta(days=limit_days):
        return []
    told = too_old(kept, limit_days, now)
    return [told] if told else []


def _checked(found: Opened, percent: int, say: Say) -> list[str]:
    """Reads a sample of each store's packs, and notes in it that it was whole; what is not, a line each."""
    wrong = []
    for name, restic in found.stores.items():
        try:
            restic.check(percent)
        except NoRepository:
            continue
        except ResticFailed as error:
            wrong.append(str(error))
            continue
        say(f"{name}: {percent} of a hundred packs were read, and all that backups need is there")
        with tempfile.TemporaryDirectory(dir=found.ctx.place.scratch, prefix="checked-") as folder:
            write_check(restic, datetime.datetime.now(datetime.UTC), percent, Path(folder) / "checked")
    return wrong
