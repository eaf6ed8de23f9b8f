"""The commands that change what is wanted of a tenant: its file says it, then the same run as always makes it so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from deploy.engine_run import EngineFailed, run
from deploy.guards import NotReached, NotReady
from deploy.take_over import NO_CLAIMS, Claims
from deploy.target import RunTarget
from kept.say import Say
from settings.problems import Problem
from tenants import lifecycle
from tenants.archive.manifest import ArchiveBroken
from tenants.archive.room import refuse_no_room_on_disk
from tenants.archive.serials import Serials
from tenants.archive.shelf import shelf_of
from tenants.archive.transfer import Exported, export, fill, open_archive
from tenants.doors import CLOSING
from tenants.lifecycle import Applied
from tenants.lost_databases import lost_databases
from tenants.model import State, slug_of
from tenants.ownership import check_ownership
from tenants.powers import take_powers
from tenants.registry import FOLDER, Entry, Registry, RegistryError
from tenants.session import PlatformSession, prepared
from tenants.shared_redis import refuse_not_moved
from tenants.silos import refuse_no_room

__all__ = ["IMPORTING", "Drift", "Meant", "drift_of", "exported", "imported", "set_state"]

Reread = Callable[[], Registry]
IMPORTING: State = "importing"
LAST_LINES = 5
"""How much is told of a failure that gave no reason."""


@dataclass(frozen=True)
class Drift:
    """What somebody changed beside this program."""

    slug: str
    changed: tuple[str, ...] = field(default_factory=tuple)
    mended: bool = False


def set_state(
    place: RunTarget, stack: str, reread: Reread, slug: str, state: State, say: Say, claims: Claims = NO_CLAIMS
) -> Applied:
    """Writes the state into the tenant's file and makes it so. Again, it completes or proves it."""
    registry = reread()
    entry = registry.find(slug)
    if entry.tenant.state == IMPORTING and state != "offboarding":
        mend = f"import the same archive again, or ./smos tenant delete {slug}"
        raise NotReady(f"tenant {slug}: its import has not ended, so it may be half there. Fix: {mend}")
    if registry.set_state(slug, state):
        say(f"{registry.file_of(entry.tenant)}: state: {state}")
    try:
        return lifecycle.apply(place, stack, reread(), slug, say, claims=claims)
    except NotReached as why:
        if state not in CLOSING:
            raise
        from tenants.closing import close_as_far

        close_as_far(place, stack, reread().find(slug), why, say)
        raise


def exported(place: RunTarget, stack: str, registry: Registry, slug: str, folder: Path, say: Say) -> Exported:
    """The tenant as one file in a folder; the tenant stays as it is."""
    entry = registry.find(slug)
    with prepared(place, stack, say) as session:
        refuse_not_up(session, slug)
        refuse_not_moved(lifecycle.state_of(session, slug), slug)
        return export(session, entry.tenant, folder, say)


@dataclass(frozen=True, kw_only=True)
class Meant:
    """What an operator says outright of an archive that would be refused."""

    trust: str = ""
    """The checksum of one that this keyring did not sign."""
    serial: int | None = None
    """The number of one that is older than another, or was imported before."""


def imported(
    place: RunTarget,
    stack: str,
    reread: Reread,
    file: Path,
    domain: str,
    say: Say,
    claims: Claims = NO_CLAIMS,
    *,
    meant: Meant = Meant(),
) -> Applied:
    """A tenant from an archive: under its own name or another `domain`. Refuses one that exists, in a file or live.

    Until it is whole its file says `importing`, and every door of it is closed: after a failure or a kill, the same
    command goes on.
    """
    registry = reread()
    with prepared(place, stack, say) as session:
        opened = open_archive(session, file, meant.trust)
        values = {**opened.values, "state": IMPORTING} | ({"domain": domain} if domain else {})
        _refuse_existing(session, registry, slug_of(str(values.get("domain", ""))))
        tenant, new = registry.check(values)
        slug = tenant.slug
        refuse_no_room(session.settings, (*(one.tenant for one in registry.entries if one.tenant.slug != slug), tenant))
        refuse_no_room_on_disk(session, tenant, opened.manifest.parts, say)
        serials = Serials(shelf_of(place).folder)
        if new:
            if opened.statement:
                serials.refuse_old(opened.statement, meant.serial)
            registry.add(values)
        else:
            say(f"tenant {slug}: an import of it has not ended; going on")
        begun = lifecycle.bring_up(session, reread().find(slug), say, claims=claims)
        try:
            fill(session, opened, tenant, say)
        except ArchiveBroken as error:
            mend = f"Fix: the same command again, or ./smos tenant delete {slug}"
            raise ArchiveBroken(f"{error}\ntenant {slug} is not whole and stays closed (importing). {mend}") from None
        reread().set_state(slug, "suspended" if opened.values.get("state") == "suspended" else "active")
        opened_up = lifecycle.bring_up(session, reread().find(slug), say, claims=claims)
        _as_made(session, reread().find(slug), say, claims)
        if opened.statement:
            serials.saw(opened.statement, imported=True)
        session.known.forget(session.stack_of(slug))  # its data came by another way than the engine's
    return replace(opened_up, outcome=begun.outcome, seconds=begun.seconds + opened_up.seconds)


def _as_made(session: PlatformSession, entry: Entry, say: Say, claims: Claims) -> None:
    """What ran in the database while it was filled had the tenant's rights: of the tenant's own password, too."""
    if seen := _looked_for(lifecycle.workplace_of(session, entry.tenant.slug), entry.tenant.slug):
        say(f"tenant {entry.tenant.slug}: the import changed {', '.join(seen)}; it is made as wanted again")
        _mended(session, lifecycle.workplace_of(session, entry.tenant.slug), entry, say, claims)


def _refuse_existing(session: PlatformSession, registry: Registry, slug: str) -> None:
    existing = next((one.tenant for one in registry.entries if one.tenant.slug == slug), None)
    if existing is not None and existing.state == IMPORTING:
        return
    name = f"{FOLDER}/{slug}.yaml"
    if slug in session.stacks:
        why = f"tenant {slug} is live: an import would overwrite it"
        raise RegistryError([Problem(name, "", "", why, "delete it first, or --as NAME.ZONE")])
    if existing is not None:
        why = f"there is a file of tenant {slug} already"
        raise RegistryError([Problem(name, "", "", why, "remove it, or --as NAME.ZONE")])


def drift_of(
    place: RunTarget, stack: str, registry: Registry, slug: str, say: Say, *, mend: bool, claims: Claims = NO_CLAIMS
) -> Drift:
    """What differs from what is wanted, by asking every vendor; with `mend` it is made as wanted again."""
    entry = registry.find(slug)
    with prepared(place, stack, say) as session:
        refuse_not_up(session, slug)
        there = lifecycle.workplace_of(session, slug)
        seen = _looked_for(there, slug)
        if seen:
            session.known.forget(session.stack_of(slug))
        if not seen or not mend:
            return Drift(slug, tuple(seen))
        _mended(session, there, entry, say, claims)
        left = _looked_for(there, slug)
    if left:
        raise NotReady(f"tenant {slug}: after the mend still differ {', '.join(left)}")
    return Drift(slug, tuple(seen), mended=True)


def _looked_for(there: RunTarget, slug: str) -> list[str]:
    try:
        return _changes(run(there, there.project, "refresh", "--stack", slug, "--preview-only", "--json", capture=True))
    except EngineFailed as error:
        raise EngineFailed("refresh", _reasons(error.said)) from None


def _mended(session: PlatformSession, there: RunTarget, entry: Entry, say: Say, claims: Claims) -> None:
    slug = entry.tenant.slug
    if lost := lost_databases(lifecycle.state_of(session, slug), session.databases):
        say(f"tenant {slug}: {', '.join(lost)} was dropped; what is made in its place is empty (archives: import)")
    take_powers(session, entry.tenant.names, say)
    run(there, there.project, "refresh", "--stack", slug, "--yes", "--skip-preview", capture=True)
    lifecycle.bring_up(session, entry, say, claims=claims)


def _reasons(said: str) -> str:
    """The last words of a run that failed: of the JSON that it told, the errors alone, one a line."""
    begin = said.find("{")
    try:
        report, _ = json.JSONDecoder().raw_decode(said[begin:]) if begin >= 0 else ({}, 0)
    except ValueError:
        report = {}
    errors = [
        f"{str(one.get('urn', '')).rsplit('::', 1)[-1]}: {str(one.get('message', '')).strip()}"
        for one in report.get("diagnostics") or []
        if one.get("severity") == "error" and one.get("urn")
    ]
    return "\n".join(errors) or "\n".join(said.strip().splitlines()[-LAST_LINES:])


def refuse_not_up(session: PlatformSession, slug: str) -> None:
    """What is not there can't be looked at."""
    if slug not in session.stacks:
        raise NotReady(f"tenant {slug} has no stack on {session.stack}. Fix: ./smos tenant apply {slug}")
    check_ownership(lifecycle.state_of(session, slug), slug, session.platform)


def _changes(report: str) -> list[str]:
    """Of a refresh that only looks, in JSON: which resource is gone, and which is another."""
    return [found for step in json.loads(report).get("steps") or [] if (found := _change(step))]


def _change(step: Mapping[str, Any]) -> str:
    """By the vendor's own names: what begins with two underscores is the provider's bookkeeping. Secrets look alike on
    both sides, so of them the provider's own comparison is asked.
    """
    name, old, new = step["urn"].rsplit("::", 1)[-1], step.get("oldState") or {}, step.get("newState")
    if not new:
        return f"{name} is gone"
    compared = {re.split(r"[.\[]", path, maxsplit=1)[0] for path in step.get("detailedDiff") or {}}
    parts = sorted(
        compared
        | {
            key
            for side in ("inputs", "outputs")
            for key in {*(old.get(side) or {}), *(new.get(side) or {})}
            if not key.startswith("__") and (old.get(side) or {}).get(key) != (new.get(side) or {}).get(key)
        }
    )
    return f"{name}: {', '.join(parts)}" if parts else ""
