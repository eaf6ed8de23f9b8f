"""How the tenants are, as their files and their stacks' states say; no vendor is asked, nothing is changed.

And the stacks whose tenants' files are gone, which is not the way to end one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy.target import RunTarget
from kept.say import Say
from settings.problems import Problem
from tenants.model import Tenant
from tenants.registry import FOLDER, Entry, Registry, RegistryError
from tenants.shards import project_of
from tenants.state import deployment, outputs_of, resources_of, stacks_of
from tenants.workfolder import folder_of, with_project

__all__ = ["Status", "live", "refuse_lost", "status_of", "statuses", "tell_lost", "without_file"]


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
    project: str = ""
    """Pulumi's project in which its stack is, or will be."""

    @property
    def word(self) -> str:
        """In a word: up, suspended, offboarding or importing, as it was made last; or interrupted, or not up."""
        if self.unfinished or not self.up:
            return "interrupted" if self.unfinished else "not up"
        state = str(self.known.get("state", "active"))
        return "up" if state == "active" else state

    @property
    def as_wanted(self) -> bool:
        """Whether the last run made it what its file says now."""
        wanted = "up" if self.tenant.state == "active" else self.tenant.state
        return self.word == wanted


def statuses(place: RunTarget, registry: Registry) -> list[Status]:
    """How all tenants are whose files have no mistake. Raises RegistryError when one has a stack and no file."""
    stacks = stacks_of(place, folder_of(place, ""))
    problems = without_file(registry.slugs, sorted(stacks))
    if problems:
        raise RegistryError(problems)
    return [status_of(place, entry, stacks) for entry in registry.entries]


def status_of(place: RunTarget, entry: Entry, stacks: Mapping[str, str] | None = None) -> Status:
    """How one tenant is. `stacks`: slug → project, where it is known already."""
    slug = entry.tenant.slug
    project = (stacks_of(place, folder_of(place, "")) if stacks is None else stacks).get(slug)
    found = deployment(place, with_project(place, slug, project), project, slug) if project else None
    if found is None:
        return Status(entry.tenant, up=False, project=project or project_of(slug))
    resources = resources_of(found)
    known = outputs_of(found).get("tenant") or {}
    unfinished = len(found.get("pending_operations") or [])
    when = str((found.get("manifest") or {}).get("time", ""))
    return Status(entry.tenant, bool(known), len(resources), unfinished, when, known, str(project))


def live(place: RunTarget) -> list[str]:
    """The slugs that have a stack."""
    return sorted(stacks_of(place, folder_of(place, "")))


def without_file(named: Collection[str], slugs: Sequence[str]) -> list[Problem]:
    """The stacks whose tenants' files are gone: to delete the file is not the way to end a tenant. `named`: who has
    one.
    """
    return [
        Problem(
            f"{FOLDER}/{slug}.yaml",
            "",
            "",
            "this file is gone, but its tenant's stack, database and name are live",
            f"bring it back: git log --diff-filter=D --oneline -- {FOLDER}/{slug}.yaml, then git checkout COMMIT~1 -- "
            f"the same path. To off-board a tenant, keep its file: ./smos tenant delete {slug} exports it, takes it "
            f"down and removes the file; without an archive and a file: ./smos tenant delete {slug} --no-export",
        )
        for slug in slugs
        if slug not in named
    ]


def refuse_lost(place: RunTarget, registry: Registry, slug: str) -> None:
    """Refuses a slug whose stack is live while its file is gone: whose it is can't be told."""
    for problem in without_file(registry.slugs, live(place)):
        if problem.file == f"{FOLDER}/{slug}.yaml":
            raise RegistryError([problem])


def tell_lost(lost: Sequence[Problem], say: Say) -> None:
    """Other tenants' lost files, in one line."""
    if lost:
        more = f" (and {len(lost) - 1} others: ./smos tenant list)" if len(lost) > 1 else ""
        say(f"warning: {lost[0]}{more}")
