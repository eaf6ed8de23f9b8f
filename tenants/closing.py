"""A tenant is closed while its platform can't all be reached: what can be is closed now, the rest is named.

Its state can't be written then: the key that opens it is in Vault. So the engine runs on a copy of the state that has
no secret in it, with an end of its own, and changes nothing but what is closed. What has secrets to be written anew
(containers, what stands in Vault) is left to the next run, but its logins end here where they can: each step says how
(`Step.closed_directly`). The next run reads anew what was changed, and completes it.
"""

from __future__ import annotations

import json
import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploy.engine_run import EngineFailed, run
from deploy.guards import NotReady
from deploy.target import RunTarget
from deploy.vault_api import VaultRefused
from kept.say import Say
from tenants.doors import DoorsLeft, closed_by_deletion, doors_of
from tenants.endings import note_changed
from tenants.inline import run_inline
from tenants.model import Tenant
from tenants.ownership import check_ownership
from tenants.registry import Entry
from tenants.session import PlatformSession, reached_as_far
from tenants.state import deployment, resources_of
from tenants.steps import steps
from tenants.steps.step import ClosedDirectly
from tenants.watched import program_of
from tenants.workfolder import made_ready, with_project

__all__ = ["close_as_far", "without_secrets"]

_SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - how the engine marks one
_MARK = "1b47061264138c4ac30d75fd1eb44270"
_BLANK = json.dumps("blank")
"""In place of every secret: the same everywhere, so that none differs from what it was made of."""
_UNASKED = ("--yes", "--skip-preview")


def close_as_far(place: RunTarget, stack: str, entry: Entry, why: NotReady, say: Say) -> None:
    """Closes what can be reached. Always raises: DoorsLeft with what is left, or `why` when there is nothing to close
    by, as without a stack of the tenant.
    """
    say(f"{why}\nwhat can be reached of tenant {entry.tenant.slug} is closed now")
    with reached_as_far(place, stack, say) as (session, problems):
        tenant, slug = entry.tenant, entry.tenant.slug
        project = session.project_of(slug)
        there = replace(session.place, project=with_project(session.place, slug, project))
        found = deployment(there, there.project, project, slug)
        if found is None:
            raise why
        check_ownership(found, slug, session.platform, tenant)
        session.known.forget((project, slug))
        note_changed(there, [str(one["urn"]) for one in resources_of(found) if _may_change(one)])
        said = [str(why), *problems]
        left = [*_by_the_engine(session, tenant, found, said), *_directly(session, tenant, found, said)]
    raise DoorsLeft(slug, doors_of(left) or ["its state, which has not heard of it"], "\n".join(dict.fromkeys(said)))


def _may_change(one: Mapping[str, Any]) -> bool:
    kind = str(one["type"])
    return bool(one.get("custom")) and not kind.startswith(("pulumi:", "random:"))


def _by_the_engine(
    session: PlatformSession, tenant: Tenant, found: Mapping[str, Any], said: list[str]
) -> Iterator[str]:
    """The name, PostgreSQL, the storage: the URNs that could not be closed."""
    # Of its state's resources these are not in the copy: the program doesn't declare them either.
    kept, declared = session, tenant
    for one in _closed_directly():
        kept, declared = one.undeclared(kept, declared)
    with tempfile.TemporaryDirectory(dir=session.place.scratch) as folder:
        there = _copied(session, tenant.slug, found, Path(folder))
        words = (*_UNASKED, "--continue-on-error", *session.policies_for(tenant))
        program = program_of(kept, declared, found)
        try:
            yield from _deleted(there, tenant.slug, found, said)
            run_inline(there, there.project, "up", tenant.slug, program, *words, quiet=True)
        except EngineFailed as error:
            said.append(error.said)
            urns = [str(one["urn"]) for _, one in error.failed]
            yield from urns or _doors_by_the_engine(tenant.slug, found)


def _doors_by_the_engine(slug: str, found: Mapping[str, Any]) -> Iterator[str]:
    names = [str(one["urn"]).rsplit("::", 1)[-1] for one in resources_of(found)]
    for step in steps():
        if step.closed_directly is None and any(re.match(begin, name) for begin in step.doors for name in names):
            yield f"{slug}::{step.name}"


def _deleted(there: RunTarget, slug: str, found: Mapping[str, Any], said: list[str]) -> Iterator[str]:
    """What is closed by a deletion goes first: after any failure of an `up` the engine deletes nothing."""
    for urn in closed_by_deletion(without_secrets(found)):
        try:
            run(there, there.project, "destroy", "--stack", slug, "--target", urn, *_UNASKED, capture=True)
        except EngineFailed as error:
            said.append(error.said)
            yield urn


def _copied(session: PlatformSession, slug: str, found: Mapping[str, Any], folder: Path) -> RunTarget:
    """A run target whose state is a copy, encrypted with a passphrase that nobody keeps."""
    (folder / "states").mkdir(mode=0o700)
    environ = {
        **{name: value for name, value in session.place.environ.items() if not name.startswith("PULUMI_CONFIG_")},
        "PULUMI_BACKEND_URL": f"file://{folder / 'states'}",
        "PULUMI_CONFIG_PASSPHRASE": secrets.token_urlsafe(32),
    }
    scratch = folder / "runs" / "here"
    scratch.mkdir(parents=True, mode=0o700)
    place = replace(session.place, environ=environ, scratch=scratch)
    there = made_ready(place, slug, session.project_of(slug), None, "passphrase")
    fresh = json.loads(run(there, there.project, "stack", "export", "--stack", slug, capture=True))
    copied = {**without_secrets(found), "secrets_providers": fresh["deployment"]["secrets_providers"]}
    file = folder / "copy.json"
    file.write_text(json.dumps({**fresh, "deployment": copied}))
    run(there, there.project, "stack", "import", "--stack", slug, "--file", str(file), capture=True)
    return there


def without_secrets(found: Mapping[str, Any]) -> dict[str, Any]:
    """A state with nothing in place of its secrets, and without what can't be changed without them."""
    left_out = tuple(kind for one in _closed_directly() for kind in one.types)
    gone = {str(one["urn"]) for one in resources_of(found) if str(one["type"]).startswith(left_out)}
    kept = [_without(one, gone) for one in resources_of(found) if str(one["urn"]) not in gone]
    return {"manifest": found.get("manifest") or {}, "resources": [_blanked(one) for one in kept]}


def _without(one: Mapping[str, Any], gone: set[str]) -> dict[str, Any]:
    kept = dict(one)
    if "dependencies" in kept:
        kept["dependencies"] = [urn for urn in kept["dependencies"] or [] if urn not in gone]
    if "propertyDependencies" in kept:
        needs = kept["propertyDependencies"] or {}
        kept["propertyDependencies"] = {
            name: [urn for urn in urns or [] if urn not in gone] for name, urns in needs.items()
        }
    if kept.get("deletedWith") in gone:
        del kept["deletedWith"]
    return kept


def _blanked(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.get(_SECRET) == _MARK:
            return {_SECRET: _MARK, "plaintext": _BLANK}
        return {name: _blanked(one) for name, one in value.items()}
    return [_blanked(one) for one in value] if isinstance(value, list) else value


def _directly(session: PlatformSession, tenant: Tenant, found: Mapping[str, Any], said: list[str]) -> Iterator[str]:
    types = frozenset(str(one["type"]) for one in resources_of(found))
    for step in _closed_directly():
        for door in step.doors(session, tenant, types):
            said += [door.why] if door.why else []
            try:
                if door.close is not None:
                    door.close()
                    continue
            except (NotReady, VaultRefused) as error:
                said.append(str(error))
            yield f"{tenant.slug}::{door.name}"


def _closed_directly() -> Iterator[ClosedDirectly]:
    return (step.closed_directly for step in steps() if step.closed_directly is not None)
