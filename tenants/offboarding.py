"""The end of a tenant: doors closed, everything exported, taken down, and the proof that nothing is left.

Each step can be run again; until the proof is there, the tenant's file stays, with `state: offboarding`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.engine_run import EngineFailed
from deploy.guards import NotReady
from deploy.take_over import NO_CLAIMS, Claims
from deploy.target import RunTarget
from kept.operator_error import OperatorError
from kept.say import Say
from tenants import lifecycle
from tenants.archive.login import forget_logins
from tenants.archive.shelf import Shelf, shelf_of
from tenants.archive.transfer import export, open_archive
from tenants.desired import IMPORTING, Reread, set_state
from tenants.model import Tenant
from tenants.powers import take_powers
from tenants.residue import Left, left_of
from tenants.session import PlatformSession, prepared
from tenants.state import deployment, outputs_of, resources_of, stacks_of
from tenants.status import live
from tenants.steps import owners_of, steps
from tenants.workfolder import folder_of, with_project

__all__ = ["Deleted", "Kept", "Residue", "delete", "delete_unexported"]

DATABASE = "postgresql:index/database:Database"


@dataclass(frozen=True)
class Kept:
    """What a vendor keeps of something deleted, and until when."""

    what: str
    until: str
    """A date, as in 2026-01-31."""


@dataclass(frozen=True)
class Deleted:
    """A tenant that is no more."""

    slug: str
    archive: Path | None
    resources: int
    kept: tuple[Kept, ...]
    is_proved: bool = True
    """Whether every vendor was asked for what is left. Without its file nobody knows what to ask for."""


class Residue(OperatorError):
    """Something is left: all of it, one a line. The tenant's file stays; the same command again looks anew."""

    def __init__(self, slug: str, found: list[Left]) -> None:
        lines = "\n".join(f"  {one}" for one in found)
        super().__init__(f"of tenant {slug} {len(found)} things are left:\n{lines}\nthen: ./smos tenant delete {slug}")
        self.found = found


def delete(place: RunTarget, stack: str, reread: Reread, slug: str, say: Say, claims: Claims = NO_CLAIMS) -> Deleted:
    """Ends a tenant. Raises Residue when anything of it is left anywhere.

    Interrupted at any moment and run again, it goes on: the archive is made once, before anything goes, and nothing
    overwrites it.
    """
    entry = reread().find(slug)
    shelf = shelf_of(place)
    archive, deleted = shelf.ending(slug), 0
    if archive is not None:
        say(f"a delete of {slug} was begun; {archive.name} was made then, and is kept")
    if slug in live(place):
        if _never_was_whole(place, entry.tenant, slug):
            say(f"tenant {slug}: its import never ended; the archive that it was to come from is all of it")
            with prepared(place, stack, say) as session:
                deleted = lifecycle.take_down(session, slug, say, claims=claims).changed
            return _proved(place, stack, reread, slug, None, deleted, say)
        if archive is None:
            _refuse_half_gone(place, slug)
            _doors_closed(place, stack, reread, slug, say, claims)
        with prepared(place, stack, say) as session:
            if archive is None:
                from tenants.last_rights import clear_the_way  # PostgreSQL's client, for nothing but an end

                clear_the_way(session, entry.tenant.names, say)
                archive = export(session, entry.tenant, shelf.folder, say).file
            else:
                open_archive(session, archive)
            say(f"{archive.name}: whole")
            shelf.begin_ending(slug, archive)
            deleted = lifecycle.take_down(session, slug, say, claims=claims).changed
    return _proved(place, stack, reread, slug, archive, deleted, say)


def delete_unexported(
    place: RunTarget, stack: str, reread: Reread, slug: str, say: Say, claims: Claims = NO_CLAIMS
) -> Deleted:
    """Ends a tenant of which nothing is to be kept, or can be. Raises Residue as `delete` does.

    Of a stack whose file is gone, or is another company's by now, only the stack goes: such a file stays.
    """
    registry = reread()
    entry = registry.find(slug) if slug in registry.slugs else None
    whose, deleted = _whose(place, slug), 0
    if whose is not None or entry is None:
        with prepared(place, stack, say) as session:
            deleted = lifecycle.take_down(session, slug, say, claims=claims).changed
    if entry is not None and whose in (None, "", entry.tenant.rut):
        return _proved(place, stack, reread, slug, None, deleted, say)
    why = "there is no file of it" if entry is None else f"its file is of {entry.tenant.rut}, and stays"
    say(f"tenant {slug}: {why}: what else is left of it was not looked for")
    return Deleted(slug, None, deleted, (), is_proved=False)


def _whose(place: RunTarget, slug: str) -> str | None:
    """The RUT of whom the live stack is; empty when it does not say so, None when there is no stack."""
    project = stacks_of(place, folder_of(place, "")).get(slug)
    if project is None:
        return None
    found = deployment(place, with_project(place, slug, project), project, slug) or {}
    return str((outputs_of(found).get("tenant") or {}).get("rut") or "")


def _proved(
    place: RunTarget, stack: str, reread: Reread, slug: str, archive: Path | None, deleted: int, say: Say
) -> Deleted:
    """The end: nothing of it is left anywhere, and its file goes onto the shelf."""
    entry, shelf = reread().find(slug), shelf_of(place)
    with prepared(place, stack, say) as session:
        for owner in owners_of(entry.tenant.names):
            forget_logins(session.platform.server, session.secrets.provisioner_password, owner)
        say(f"looking for what is left of {slug}")
        found = left_of(session, entry.tenant, reread().slugs)
        if found:
            raise Residue(slug, found)
        kept = tuple(_kept(session, shelf, archive))
    shelf.keep_file(slug, entry.file.read_text(encoding="utf-8"))
    reread().remove(slug)
    shelf.forget_ending(slug)
    return Deleted(slug, archive, deleted, kept)


def _never_was_whole(place: RunTarget, tenant: Tenant, slug: str) -> bool:
    """What is in it comes from an archive, and may be of one who means harm: nobody looks into it once more. As its
    file says and its stack, so that a word in the file alone loses nothing.
    """
    project = stacks_of(place, folder_of(place, ""))[slug]
    found = deployment(place, with_project(place, slug, project), project, slug) or {}
    was = str((outputs_of(found).get("tenant") or {}).get("state", IMPORTING))
    return tenant.state == was == IMPORTING


def _doors_closed(place: RunTarget, stack: str, reread: Reread, slug: str, say: Say, claims: Claims) -> None:
    """Powers that somebody gave a role of it keep its doors open: they go first, once they have been in the way."""
    try:
        set_state(place, stack, reread, slug, "offboarding", say, claims)
    except EngineFailed:
        with prepared(place, stack, say) as session:
            if not take_powers(session, reread().find(slug).tenant.names, say):
                raise
        set_state(place, stack, reread, slug, "offboarding", say, claims)


def _refuse_half_gone(place: RunTarget, slug: str) -> None:
    """A delete was begun on another machine, where its archive is: what would be exported here is not the tenant."""
    project = stacks_of(place, folder_of(place, ""))[slug]
    found = deployment(place, with_project(place, slug, project), project, slug) or {}
    going = [one["resource"] for one in found.get("pending_operations") or [] if one["type"] == "deleting"]
    databases = [one for one in resources_of(found) if one["type"] == DATABASE]
    was_up = bool(outputs_of(found).get("tenant"))
    if was_up and (not databases or any(one["type"] == DATABASE for one in going)):
        raise NotReady(
            f"tenant {slug} is half gone, and the archive of it is not here: a delete of it was begun elsewhere. "
            "Fix: the same command there; or, when that archive is safe, here: "
            f"./smos tenant delete {slug} --no-export"
        )


def _kept(session: PlatformSession, shelf: Shelf, archive: Path | None) -> Iterator[Kept]:
    """By design: a mistake can be taken back until then, and nobody can hurry it."""
    today = datetime.datetime.now(datetime.UTC).date()

    def after(days: int) -> str:
        return (today + datetime.timedelta(days=days)).isoformat()

    for step in steps():
        for what, days in step.retained(session):
            yield Kept(what, after(days))
    tenants = session.settings.services.tenants
    if archive is not None and tenants is not None:
        until = after(tenants.archive_retention_days)
        yield Kept(f"the archive {archive.name}, encrypted to the keyring's recipients", until)
