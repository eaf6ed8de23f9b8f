"""Brings a tenant to what its file says, shows what that would change, and takes it down (how it is: `status`)."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy.engine_run import Outcome, run, run_with_events
from deploy.guards import NotReady
from deploy.open_intents import close_done, journal_of, noting
from deploy.preflight import state_ready
from deploy.repair import repair
from deploy.take_over import NO_CLAIMS, Claims
from deploy.target import ROOT, RunTarget, Target, overlays
from kept import keep, same
from kept.say import Say
from settings import load_files
from tenants.archive.shelf import shelf_of
from tenants.doors import closing
from tenants.endings import ending_begun, forget_deleted, read_changed, remember_changed
from tenants.hostnames import hostnames
from tenants.inline import run_inline
from tenants.lost_databases import lost_databases, refuse_lost_databases
from tenants.model import Tenant
from tenants.names import TenantNames
from tenants.ownership import check_ownership
from tenants.platform import Platform, platform_of
from tenants.registry import FOLDER, Entry, Registry, RegistryError
from tenants.session import PlatformSession, prepared
from tenants.shared_redis import given_back, left_in_a_preview, taken_away
from tenants.silos import refuse_no_room
from tenants.state import deployment, outputs_of
from tenants.status import live, tell_lost, without_file
from tenants.watched import program_of, taken_over
from tenants.workfolder import folder_of, made_ready, with_project

__all__ = [
    "Applied",
    "apply",
    "bring_up",
    "is_judged",
    "look_ahead",
    "preview",
    "ready_for",
    "registry_of",
    "state_of",
    "take_down",
    "workplace_of",
]

JUDGED = "judged"


@dataclass(frozen=True)
class Applied:
    """What came of a run on a tenant."""

    tenant: Tenant
    outcome: Outcome
    seconds: float
    known: dict[str, Any] = field(default_factory=dict)
    """The stack's output `tenant`; holds no secret."""


def registry_of(stack: str, target: Target) -> Registry:
    """The tenants of the zone in which an environment lives. A simulated run's own lie over the tracked ones."""
    folders = [ROOT / FOLDER, *(folder / "registry" for folder in overlays(target))]
    settings = load_files(stack, ROOT)
    return Registry(folders, settings.domain, hostnames(ROOT, settings))


def ready_for(place: RunTarget, stack: str) -> Platform:
    """The platform for tenants. Raises NotReady when it can't take one."""
    return platform_of(place, stack)


def apply(
    place: RunTarget,
    stack: str,
    registry: Registry,
    slug: str,
    say: Say,
    *,
    quiet: bool = True,
    claims: Claims = NO_CLAIMS,
) -> Applied:
    """Makes a tenant what its file says. Run again after anything, it completes what is missing and no more."""
    entry = _entry(place, registry, slug, say)
    with prepared(place, stack, say) as session:
        _refuse_no_room(session, registry, entry)
        return bring_up(session, entry, say, quiet=quiet, claims=claims)


def _refuse_no_room(session: PlatformSession, registry: Registry, entry: Entry) -> None:
    """As `refuse_no_room`, for a run on one tenant: one that takes nothing of the host is not looked at, and its steps
    are imported while the engine starts.
    """
    if entry.tenant.has_own_instances:
        refuse_no_room(session.settings, (one.tenant for one in registry.entries))


def bring_up(
    session: PlatformSession, entry: Entry, say: Say, *, quiet: bool = True, claims: Claims = NO_CLAIMS
) -> Applied:
    """The part of `apply` that is each tenant's own. Several threads may do it at once, each for another tenant."""
    begun, tenant, slug = time.monotonic(), entry.tenant, entry.tenant.slug
    project = session.project_of(slug)
    session.known.forget((project, slug))  # of a run that fails or is killed, nothing is known
    found = state_ready(session.place, slug, say, project)
    check_ownership(found, slug, session.platform, tenant)
    there = _workplace(session, slug, found)
    judged = session.fingerprint(tenant)
    arguments = [] if _was_judged(there, judged) else session.policies_for(tenant)
    remember_changed(there, found)
    mended = repair(there, session.settings, slug, found or {}, say, project, claims) > 0
    looked = forget_deleted(there, slug, found, say) or read_changed(there, slug, found, say) > 0
    before, found = found, taken_over(session, there, slug, found, say, claims, anew=mended)
    if tenant.state != "offboarding":
        shelf_of(session.place).forget_ending(slug)
    left = taken_away(session, there, tenant, found, say)
    program = program_of(session, tenant, found)
    journal = journal_of(there, project, slug)
    session.databases.ask()
    with noting(journal), closing(tenant, left, found) as more:
        done = ("--yes", "--skip-preview")
        outcome = run_inline(there, there.project, "up", slug, program, *done, *arguments, *more, quiet=quiet)
    refuse_lost_databases(found, session.databases, slug, session.platform.server.name)
    given_back(session, there, tenant, say)
    keep(there.project / JUDGED, judged)
    version = session.known.version((project, slug))
    after = deployment(there, there.project, project, slug) or {}
    close_done(journal, after)
    if not (mended or looked or found is not before or journal.open()):  # else it is asked for once more
        session.known.keep((project, slug), tenant, after, version)
    return Applied(tenant, outcome, time.monotonic() - begun, outputs_of(after).get("tenant") or {})


def preview(place: RunTarget, stack: str, registry: Registry, slug: str, say: Say, *, quiet: bool = False) -> Applied:
    """Shows what `apply` would change, and what the policies say of it. Changes nothing but an empty stack."""
    entry = _entry(place, registry, slug, say)
    with prepared(place, stack, say) as session:
        _refuse_no_room(session, registry, entry)
        return look_ahead(session, entry, say, quiet=quiet)


def look_ahead(session: PlatformSession, entry: Entry, say: Say, *, quiet: bool = True) -> Applied:
    """The part of `preview` that is each tenant's own; as `bring_up` for several threads."""
    begun, tenant, slug = time.monotonic(), entry.tenant, entry.tenant.slug
    found = deployment(
        session.place, with_project(session.place, slug, session.project_of(slug)), *_names(session, slug)
    )
    check_ownership(found, slug, session.platform, tenant)
    there = _workplace(session, slug, found)
    program = program_of(session, tenant, found)
    more = [*session.policies_for(tenant), *left_in_a_preview(tenant, found, say)]
    outcome = run_inline(there, there.project, "preview", slug, program, *more, quiet=quiet)
    return Applied(tenant, outcome, time.monotonic() - begun)


def take_down(
    session: PlatformSession, slug: str, say: Say, *, quiet: bool = True, claims: Claims = NO_CLAIMS
) -> Outcome:
    """Takes a tenant's stack down, its data with it, and forgets the stack. Needs no file: it may be gone already."""
    project = session.project_of(slug)
    session.known.forget((project, slug))
    found = state_ready(session.place, slug, say, project)
    if found is None:
        raise NotReady(f"tenant {slug} has no stack: there is nothing to take down")
    check_ownership(found, slug, session.platform)
    there = _workplace(session, slug, found)
    repair(there, session.settings, slug, found, say, project, claims)
    forget_deleted(there, slug, found, say)
    taken_over(session, there, slug, found, say, claims)
    run(there, there.project, "state", "unprotect", "--all", "--yes", "--stack", slug, capture=True)
    if lost := lost_databases(found, session.databases):
        say(f"tenant {slug}: {', '.join(lost)} is not on the server any more; the rest of it ends")
        run(there, there.project, "refresh", "--stack", slug, "--yes", "--skip-preview", capture=True)
    from tenants import earlier_version, last_rights  # PostgreSQL's client, for nothing but an end

    earlier_version.ready_to_end(session, there, slug, found, say)
    ending_begun(there)
    last_rights.clear_the_way(session, TenantNames(slug), say)
    last_rights.nothing_keeps(session, TenantNames(slug), say)
    outcome = run_with_events(
        there, there.project, "destroy", "--stack", slug, "--yes", "--skip-preview", capture=quiet
    )
    run(there, there.project, "stack", "rm", slug, "--yes", capture=True)
    journal_of(there, project, slug).file.unlink(missing_ok=True)
    shutil.rmtree(there.project)
    return outcome


def _entry(place: RunTarget, registry: Registry, slug: str, say: Say) -> Entry:
    """The tenant's file; refuses first what the files say wrong. Another tenant's lost file is only told."""
    lost = without_file(registry.slugs, live(place))
    for problem in lost:
        if problem.file == f"{FOLDER}/{slug}.yaml":
            raise RegistryError([problem])
    tell_lost(lost, say)
    return registry.find(slug)


def _workplace(session: PlatformSession, slug: str, found: Mapping[str, Any] | None) -> RunTarget:
    """Where the engine finds the tenant's stack, made first when there is none, and the key of its state."""
    session.encryption.readable(slug, found)
    place = session.encryption.applied(session.place)
    return made_ready(place, slug, session.project_of(slug), found, session.encryption.provider)


def state_of(session: PlatformSession, slug: str) -> dict[str, Any] | None:
    """The newest state of a tenant's stack; None when there is none."""
    return deployment(
        session.place, with_project(session.place, slug, session.project_of(slug)), *_names(session, slug)
    )


def workplace_of(session: PlatformSession, slug: str) -> RunTarget:
    """Where the engine finds a tenant's stack that is there."""
    return _workplace(session, slug, state_of(session, slug))


def _names(session: PlatformSession, slug: str) -> tuple[str, str]:
    return session.project_of(slug), slug


def is_judged(session: PlatformSession, tenant: Tenant) -> bool:
    """Whether the last run has brought the tenant to just what is wanted now."""
    file = folder_of(session.place, tenant.slug) / JUDGED
    return same(file, session.fingerprint(tenant))


def _was_judged(there: RunTarget, judged: str) -> bool:
    """Whether the policies have passed just this before: then they have nothing new to look at."""
    file = there.project / JUDGED
    return same(file, judged)
