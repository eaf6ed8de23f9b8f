"""The commands that change what is wanted of a tenant: its file says it, then the same run as always makes it so."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.engine_run import run
from deploy.guards import NotReady
from deploy.target import Workplace
from settings.problems import Problem
from tenants import lifecycle
from tenants.archive.moves import Exported, export, fill, open_archive
from tenants.belonging import refuse_strange
from tenants.ground import Ground, prepared
from tenants.lifecycle import Applied
from tenants.model import State
from tenants.registry import FOLDER, Registry, RegistryError

__all__ = ["Drift", "drift_of", "exported", "imported", "set_state"]

Say = Callable[[str], None]
Reread = Callable[[], Registry]


@dataclass(frozen=True)
class Drift:
    """What somebody changed beside this program."""

    slug: str
    changed: tuple[str, ...] = field(default_factory=tuple)
    mended: bool = False


def set_state(place: Workplace, stack: str, reread: Reread, slug: str, state: State, say: Say) -> Applied:
    """Writes the state into the tenant's file and makes it so. Again, it completes or proves it."""
    registry = reread()
    entry = registry.find(slug)
    if registry.set_state(slug, state):
        say(f"{registry.file_of(entry.tenant)}: state: {state}")
    return lifecycle.apply(place, stack, reread(), slug, say)


def exported(place: Workplace, stack: str, registry: Registry, slug: str, folder: Path, say: Say) -> Exported:
    """The tenant as one file in a folder; the tenant stays as it is."""
    entry = registry.find(slug)
    with prepared(place, stack, say) as ground:
        refuse_not_up(ground, slug)
        return export(ground, entry.tenant, folder, say)


def imported(place: Workplace, stack: str, reread: Reread, file: Path, domain: str, say: Say) -> Applied:
    """A tenant from an archive: under its own name or another `domain`. Refuses one that exists, in a file or live."""
    registry = reread()
    with prepared(place, stack, say) as ground:
        opened = open_archive(ground, file)
        values = {**opened.values, "state": "active"} | ({"domain": domain} if domain else {})
        tenant, new = registry.check(values)
        if tenant.slug in ground.stacks:
            why = f"tenant {tenant.slug} is live: an import would overwrite it"
            mend = "delete it first, or --as NAME.ZONE"
            raise RegistryError([Problem(f"{FOLDER}/{tenant.slug}.yaml", "", "", why, mend)])
        if not new:
            why = f"there is a file of tenant {tenant.slug} already"
            raise RegistryError([Problem(f"{FOLDER}/{tenant.slug}.yaml", "", "", why, "remove it, or --as NAME.ZONE")])
        registry.add(values)
        entry = reread().find(tenant.slug)
        applied = lifecycle.bring_up(ground, entry, say)
        fill(ground, opened, tenant.names, say)
    return applied


def drift_of(place: Workplace, stack: str, registry: Registry, slug: str, say: Say, *, mend: bool) -> Drift:
    """What differs from what is wanted, by asking every vendor; with `mend` it is made as wanted again."""
    entry = registry.find(slug)
    with prepared(place, stack, say) as ground:
        refuse_not_up(ground, slug)
        there = lifecycle.workplace_of(ground, slug)
        arguments = ("--stack", slug, "--preview-only", "--json")
        seen = _changes(run(there, there.project, "refresh", *arguments, capture=True))
        if not seen or not mend:
            return Drift(slug, tuple(seen))
        run(there, there.project, "refresh", "--stack", slug, "--yes", "--skip-preview", capture=True)
        lifecycle.bring_up(ground, entry, say)
        left = _changes(run(there, there.project, "refresh", *arguments, capture=True))
    if left:
        raise NotReady(f"tenant {slug}: after the mend still differ {', '.join(left)}")
    return Drift(slug, tuple(seen), mended=True)


def refuse_not_up(ground: Ground, slug: str) -> None:
    """What is not there can't be looked at."""
    if slug not in ground.stacks:
        raise NotReady(f"tenant {slug} has no stack on {ground.stack}. Mend: ./smos tenant apply {slug}")
    refuse_strange(lifecycle.state_of(ground, slug), slug, ground.platform)


def _changes(told: str) -> list[str]:
    """Of a refresh that only looks, in JSON: which resource is gone, and which is another."""
    return [found for step in json.loads(told).get("steps") or [] if (found := _change(step))]


def _change(step: Mapping[str, Any]) -> str:
    name, old, new = step["urn"].rsplit("::", 1)[-1], step.get("oldState") or {}, step.get("newState")
    if not new:
        return f"{name} is gone"
    parts = sorted(
        {
            key
            for side in ("inputs", "outputs")
            for key in {*(old.get(side) or {}), *(new.get(side) or {})}
            if (old.get(side) or {}).get(key) != (new.get(side) or {}).get(key)
        }
    )
    return f"{name}: {', '.join(parts)}" if parts else ""
