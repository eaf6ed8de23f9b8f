"""Brings a tenant to what its file says, shows what that would change, and tells how the tenants are."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy import guards, policies, vault
from deploy.beforehand import before_writing
from deploy.engine_run import Outcome, run, run_with_events
from deploy.guards import NotReady
from deploy.repair import repair
from deploy.target import ROOT, Target, Workplace
from settings import Settings, load_files
from settings.problems import Problem
from tenants.belonging import refuse_other_environment, refuse_other_server, refuse_other_tenant
from tenants.endings import ending_begun, forget_deleted
from tenants.hostnames import hostnames
from tenants.inline import Importing, Program, run_inline
from tenants.model import Tenant
from tenants.platform import Platform, platform_of
from tenants.registry import FOLDER, Entry, Registry, RegistryError
from tenants.secrets import secrets_for
from tenants.state import deployment, outputs_of, resources_of, stacks_of
from tenants.workfolder import TENANTS_PROJECT, folder_of, made_ready

__all__ = [
    "Applied",
    "Status",
    "apply",
    "destroy",
    "live",
    "preview",
    "ready_for",
    "refuse_lost",
    "registry_of",
    "status",
    "statuses",
]

Say = Callable[[str], None]
JUDGED = "judged"


@dataclass(frozen=True)
class Applied:
    """What came of a run on a tenant."""

    tenant: Tenant
    outcome: Outcome
    seconds: float
    known: dict[str, Any] = field(default_factory=dict)
    """The stack's output `tenant`; holds no secret."""


@dataclass(frozen=True)
class Status:
    """How a tenant is, as its file and its stack's state say."""

    tenant: Tenant
    up: bool
    resources: int = 0
    unfinished: int = 0
    """Operations that were begun and whose end nobody knows; the next `apply` mends them."""
    changed: str = ""
    known: dict[str, Any] = field(default_factory=dict)

    @property
    def word(self) -> str:
        """In a word: up, interrupted, not up."""
        return "interrupted" if self.unfinished else "up" if self.up else "not up"


def registry_of(stack: str, target: Target) -> Registry:
    """The tenants of the zone in which an environment lives. A simulated run's own lie over the tracked ones."""
    folders = [ROOT / FOLDER]
    if target is Target.SANDBOX:
        from sandbox.home import Home

        folders.append(Home.of_clone().folder / "registry")
    settings = load_files(stack, ROOT)
    return Registry(folders, settings.domain, hostnames(ROOT, settings))


def ready_for(place: Workplace, stack: str) -> Platform:
    """The platform for tenants. Raises NotReady when it can't take one."""
    return platform_of(place, stack)


def apply(place: Workplace, stack: str, registry: Registry, slug: str, say: Say, *, quiet: bool = True) -> Applied:
    """Makes a tenant what its file says. Run again after anything, it completes what is missing and no more."""
    begun = time.monotonic()
    entry, platform, settings = _beginning(place, stack, registry, slug, say)
    state = before_writing(place, slug, say, TENANTS_PROJECT)
    found = _guarded(place, stack, slug, platform, entry.tenant)
    there = made_ready(place, slug, found)
    program = _program(place, entry, platform)
    judged = _fingerprint(entry, platform)
    arguments = [] if _was_judged(there, judged) else _policies(place, settings, slug)
    with guards.tunnel_open(place, settings, say):
        _vault_open(place, settings, say)
        repair(there, settings, slug, state, say, TENANTS_PROJECT)
        forget_deleted(there, slug, found, say)
        outcome = run_inline(
            there, there.project, "up", slug, program, "--yes", "--skip-preview", *arguments, quiet=quiet
        )
    (there.project / JUDGED).write_text(judged)
    known = outputs_of(deployment(place, there.project, TENANTS_PROJECT, slug) or {}).get("tenant") or {}
    return Applied(entry.tenant, outcome, time.monotonic() - begun, known)


def preview(place: Workplace, stack: str, registry: Registry, slug: str, say: Say, *, quiet: bool = False) -> Applied:
    """Shows what `apply` would change, and what the policies say of it. Changes nothing but an empty stack."""
    begun = time.monotonic()
    entry, platform, settings = _beginning(place, stack, registry, slug, say)
    there = made_ready(place, slug, _guarded(place, stack, slug, platform, entry.tenant))
    program = _program(place, entry, platform)
    with guards.tunnel_open(place, settings, say):
        _vault_open(place, settings, say)
        outcome = run_inline(
            there, there.project, "preview", slug, program, *_policies(place, settings, slug), quiet=quiet
        )
    return Applied(entry.tenant, outcome, time.monotonic() - begun)


def destroy(place: Workplace, stack: str, slug: str, say: Say, *, quiet: bool = True) -> Outcome:
    """Takes a tenant's stack down, its data with it, and forgets the stack. Needs no file: it may be gone already."""
    settings = guards.settings_of(place, stack)
    state = before_writing(place, slug, say, TENANTS_PROJECT)
    found = _guarded(place, stack, slug)
    if found is None:
        raise NotReady(f"tenant {slug} has no stack: there is nothing to take down")
    there = made_ready(place, slug, found)
    with guards.tunnel_open(place, settings, say):
        _vault_open(place, settings, say)
        repair(there, settings, slug, state, say, TENANTS_PROJECT)
        forget_deleted(there, slug, found, say)
        run(there, there.project, "state", "unprotect", "--all", "--yes", "--stack", slug, capture=True)
        ending_begun(there)
        outcome = run_with_events(
            there, there.project, "destroy", "--stack", slug, "--yes", "--skip-preview", capture=quiet
        )
    run(there, there.project, "stack", "rm", slug, "--yes", capture=True)
    shutil.rmtree(there.project)
    return outcome


def statuses(place: Workplace, registry: Registry) -> list[Status]:
    """How all tenants are. Raises RegistryError when one has a stack and no file."""
    entries = registry.entries
    problems = without_file(entries, live(place))
    if problems:
        raise RegistryError(problems)
    return [status(place, entry) for entry in entries]


def status(place: Workplace, entry: Entry) -> Status:
    """How one tenant is."""
    slug = entry.tenant.slug
    found = deployment(place, folder_of(place, slug), TENANTS_PROJECT, slug)
    if found is None:
        return Status(entry.tenant, up=False)
    resources = resources_of(found)
    known = outputs_of(found).get("tenant") or {}
    unfinished = len(found.get("pending_operations") or [])
    when = str((found.get("manifest") or {}).get("time", ""))
    return Status(entry.tenant, bool(known), len(resources), unfinished, when, known)


def live(place: Workplace) -> list[str]:
    """The slugs that have a stack."""
    return stacks_of(place, folder_of(place, ""), TENANTS_PROJECT)


def without_file(entries: Sequence[Entry], slugs: Sequence[str]) -> list[Problem]:
    """The stacks whose tenants' files are gone: to delete the file is not the way to end a tenant."""
    named = {entry.tenant.slug for entry in entries}
    return [
        Problem(
            f"{FOLDER}/{slug}.yaml",
            "",
            "",
            "this file is gone, but its tenant's stack, database and name are live",
            f"bring it back: git log --diff-filter=D --oneline -- {FOLDER}/{slug}.yaml, then git checkout COMMIT~1 -- "
            "the same path. To off-board a tenant, keep its file, export what is to be kept, take the stack down "
            f"(./smos tenant destroy {slug} --allow-loss {slug}) and remove the file last",
        )
        for slug in slugs
        if slug not in named
    ]


def refuse_lost(place: Workplace, registry: Registry, slug: str) -> None:
    """Refuses a slug whose stack is live while its file is gone: whose it is can't be told."""
    for problem in without_file(registry.entries, live(place)):
        if problem.file == f"{FOLDER}/{slug}.yaml":
            raise RegistryError([problem])


def _beginning(
    place: Workplace, stack: str, registry: Registry, slug: str, say: Say
) -> tuple[Entry, Platform, Settings]:
    """What each run needs to know; refuses first what the files say wrong. Another tenant's lost file is only told."""
    for problem in without_file(registry.entries, live(place)):
        if problem.file == f"{FOLDER}/{slug}.yaml":
            raise RegistryError([problem])
        say(f"warning: {problem}")
    return registry.find(slug), platform_of(place, stack), guards.settings_of(place, stack)


def _guarded(
    place: Workplace, stack: str, slug: str, platform: Platform | None = None, tenant: Tenant | None = None
) -> dict[str, Any] | None:
    """The tenant's stack, unless it is another's or lives elsewhere. Without a file (`tenant`), whose is not asked."""
    found = deployment(place, folder_of(place, slug), TENANTS_PROJECT, slug)
    known = outputs_of(found or {}).get("tenant") or {}
    refuse_other_environment(known, slug, stack)
    if tenant is not None:
        refuse_other_tenant(known, tenant)
    if known:
        refuse_other_server(known, slug, (platform or platform_of(place, stack)).server)
    return found


def _vault_open(place: Workplace, settings: Settings, say: Say) -> None:
    """Refuses at once what would fail in the middle: after a restart, Vault waits for its keys."""
    if settings.services.vault and vault.state(place, settings, say).seal.sealed:
        raise NotReady(f"Vault of {settings.stack} is sealed. Mend: ./smos vault unseal {settings.stack}")


def _program(place: Workplace, entry: Entry, platform: Platform) -> Importing:
    secrets = secrets_for(place, platform)

    def imported() -> Program:
        from tenants.stack import program

        return program(entry.tenant, platform, secrets)

    return imported


def _policies(place: Workplace, settings: Settings, slug: str) -> list[str]:
    return policies.arguments(policies.facts_of(settings, slug), place.scratch)


def _was_judged(there: Workplace, judged: str) -> bool:
    """Whether the policies have passed just this before: then they have nothing new to look at."""
    file = there.project / JUDGED
    return file.exists() and file.read_text() == judged


def _fingerprint(entry: Entry, platform: Platform) -> str:
    """Of all that decides what is declared, and of the rules that judge it."""
    parts = [entry.tenant.model_dump_json().encode(), json.dumps(platform, default=vars, sort_keys=True).encode()]
    for folder in ("tenants", "policy"):
        parts += [file.read_bytes() for file in sorted(Path(ROOT / folder).rglob("*.py"))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
