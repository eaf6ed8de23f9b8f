"""Which backups there are: what the stores themselves say. This machine keeps copies of their manifests, nothing else.

A backup is there once its manifest is. The manifest is in every store that holds a part of it.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.target import RunTarget, keeps_in
from kept import Damaged, keep, words
from kept.operator_error import OperatorError
from recovery.manifest import BadManifest, Manifest
from recovery.marker import Marker
from recovery.restic import Restic
from recovery.restic_problems import NoRepository, RepositoryDamaged, StoreUnreachable
from recovery.restic_program import Snapshot

__all__ = ["CHECKED", "MANIFEST", "Backup", "Catalogue", "NoSuchBackup", "write_check", "write_manifest"]

MANIFEST, CHECKED = "manifest", "checked"
"""The tag `kind=…` of what is no part of a backup."""
FILE = "manifest.json"
CHECK_FILE = "checked.json"


class NoSuchBackup(OperatorError):
    """No backup is called so, or is old enough; the text names those there are."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class Backup:
    """One backup, and where its manifest is."""

    manifest: Manifest
    stores: tuple[str, ...]
    """Where its manifest could be read."""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """What the stores hold of one environment."""

    backups: tuple[Backup, ...]
    """Oldest first."""
    checked: Mapping[str, datetime.datetime]
    """Store → when a sample of its packs was last read and found whole."""
    problems: tuple[str, ...] = ()
    """Of stores that can't be read, and of manifests that can't."""
    snapshots: Mapping[str, tuple[Snapshot, ...]]
    """Store → all of the environment's snapshots."""

    @classmethod
    def read(cls, place: RunTarget, stores: Mapping[str, Restic]) -> Catalogue:
        """Asks every store. One that does not answer is a problem of the answer, no error: another may hold the same.

        Raises WrongPassword: then nothing can be told.
        """
        found: dict[str, tuple[Manifest, list[str]]] = {}
        checked: dict[str, datetime.datetime] = {}
        snapshots: dict[str, tuple[Snapshot, ...]] = {}
        problems: list[str] = []
        for name, restic in stores.items():
            try:
                snapshots[name] = tuple(restic.snapshots())
            except NoRepository:
                snapshots[name] = ()
            except (StoreUnreachable, RepositoryDamaged) as error:
                problems.append(str(error))
                continue
            for snapshot in snapshots[name]:
                _add(place, restic, snapshot, found, checked, problems)
        return cls(
            backups=tuple(
                Backup(manifest=manifest, stores=tuple(names)) for _, (manifest, names) in sorted(found.items())
            ),
            checked=checked,
            problems=tuple(problems),
            snapshots=snapshots,
        )

    def named(self, wanted: str) -> Backup:
        """The backup of that id. Raises NoSuchBackup, BadMarker."""
        marker = Marker(wanted)
        for one in self.backups:
            if one.manifest.id == marker.id:
                return one
        raise NoSuchBackup(f"there is no backup {wanted}. {self._those()}")

    def before(self, moment: datetime.datetime) -> Backup:
        """The newest of all that hold everything, at or before a moment. Raises NoSuchBackup."""
        found = [one for one in self.backups if one.manifest.marker.at <= moment and one.manifest.scope == "all"]
        if not found:
            raise NoSuchBackup(f"no backup is as old as {moment:%Y-%m-%d %H:%M:%S} UTC. {self._those()}")
        return found[-1]

    def newest(self, scope: str = "all") -> Backup | None:
        """The newest of that scope."""
        return next((one for one in reversed(self.backups) if one.manifest.scope == scope), None)

    def with_tenant(self, slug: str) -> list[Backup]:
        """Those that hold something of a tenant."""
        return [one for one in self.backups if slug in one.manifest.tenants]

    def incomplete(self) -> list[str]:
        """Ids of which parts are in a store and no manifest anywhere: what was cut off."""
        known = {one.manifest.id for one in self.backups}
        ids = {one.tagged("id") for held in self.snapshots.values() for one in held}
        return sorted(ids - known - {""})

    def _those(self) -> str:
        newest = ", ".join(one.manifest.id for one in self.backups[-5:]) or "none"
        return f"The newest there are: {newest}. Fix: ./smos backups"


def write_manifest(restic: Restic, manifest: Manifest, folder: Path) -> None:
    """Into a store. `folder`: private and empty."""
    folder.mkdir(mode=0o700)
    keep(folder / FILE, manifest.model_dump_json())
    restic.take_folder(folder, {"kind": MANIFEST, "id": manifest.id})


def write_check(restic: Restic, at: datetime.datetime, percent: int, folder: Path) -> None:
    """Into a store: a sample of its packs was read, and was whole."""
    folder.mkdir(mode=0o700)
    keep(folder / CHECK_FILE, json.dumps({"at": at.isoformat(), "percent": percent}))
    restic.take_folder(folder, {"kind": CHECKED})


def _add(
    place: RunTarget,
    restic: Restic,
    snapshot: Snapshot,
    found: dict[str, tuple[Manifest, list[str]]],
    checked: dict[str, datetime.datetime],
    problems: list[str],
) -> None:
    kind, store = snapshot.tagged("kind"), restic.repository.store
    if kind == CHECKED:
        checked[store] = snapshot.at  # the newest is the last
    if kind != MANIFEST:
        return
    try:
        manifest = Manifest.read(_content(place, restic, snapshot))
    except (BadManifest, RepositoryDamaged, StoreUnreachable) as error:
        problems.append(f"backup {snapshot.tagged('id')}: {error}")
        return
    found.setdefault(manifest.id, (manifest, []))[1].append(store)


def _content(place: RunTarget, restic: Restic, snapshot: Snapshot) -> str:
    """Of a manifest: the copy of this machine, else the store's. What a snapshot holds never changes."""
    folder = keeps_in(place.target) / "recovery" / "manifests"
    file = folder / f"{hashlib.sha256(f'{restic.repository.url}/{snapshot.id}'.encode()).hexdigest()[:40]}.json"
    try:
        return words(file, "")
    except (FileNotFoundError, Damaged):
        content = restic.read(snapshot.id, f"/{FILE}").decode()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    keep(file, content)
    return content
