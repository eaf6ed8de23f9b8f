"""Which backups stay: the last of each hour, day, week and month, as the settings count them; what was cut off goes.

A pure decision over ids; what restic is told comes of it. A backup goes as a whole: all its parts, or none.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping

from recovery.catalogue import CHECKED, Catalogue
from recovery.manifest import Manifest
from recovery.marker import Marker
from recovery.restic import Restic
from settings.backups import Retention

__all__ = ["forgotten", "kept", "tidy"]

CUT_OFF_AFTER = datetime.timedelta(days=1)
"""A backup without a manifest may be one that is being made."""
_CHECKS_KEPT = 40

_Period = Callable[[datetime.datetime], str]
_PERIODS: Mapping[str, _Period] = {
    "hourly": lambda at: at.strftime("%Y%m%d%H"),
    "daily": lambda at: at.strftime("%Y%m%d"),
    "weekly": lambda at: at.strftime("%G%V"),
    "monthly": lambda at: at.strftime("%Y%m"),
}


def kept(manifests: Iterable[Manifest], retention: Retention) -> set[str]:
    """The ids that stay. Each scope is counted by itself: a tenant's own backup is no reason to forget one of all. The
    newest of each stays in any case.
    """
    scopes: dict[str, list[Marker]] = {}
    for one in manifests:
        scopes.setdefault(one.scope, []).append(one.marker)
    found: set[str] = set()
    for markers in scopes.values():
        newest_first = sorted(markers, reverse=True)
        found.add(newest_first[0].id)
        for name, period in _PERIODS.items():
            found |= _last_of_each(newest_first, period, int(getattr(retention, name)))
    return found


def forgotten(catalogue: Catalogue, retention: Retention, now: datetime.datetime) -> dict[str, list[str]]:
    """Store → the snapshots that go."""
    stay = kept([one.manifest for one in catalogue.backups], retention)
    known = {one.manifest.id for one in catalogue.backups}
    going: dict[str, list[str]] = {}
    for store, snapshots in catalogue.snapshots.items():
        checks = [one for one in snapshots if one.tagged("kind") == CHECKED]
        old = {one.id for one in checks[:-_CHECKS_KEPT]}
        for one in snapshots:
            id_ = one.tagged("id")
            cut_off = bool(id_) and id_ not in known and not catalogue.problems and now - one.at > CUT_OFF_AFTER
            if one.id in old or cut_off or (id_ in known and id_ not in stay):
                going.setdefault(store, []).append(one.id)
    return going


def tidy(
    catalogue: Catalogue, stores: Mapping[str, Restic], retention: Retention, now: datetime.datetime
) -> dict[str, int]:
    """Forgets what goes and frees its room. Store → how many snapshots went."""
    going = forgotten(catalogue, retention, now)
    for store, snapshots in going.items():
        stores[store].forget(snapshots)
    return {store: len(snapshots) for store, snapshots in going.items()}


def _last_of_each(newest_first: Iterable[Marker], period: _Period, at_most: int) -> set[str]:
    found: dict[str, str] = {}
    for marker in newest_first:
        found.setdefault(period(marker.at), marker.id)
    return set(list(found.values())[:at_most])
