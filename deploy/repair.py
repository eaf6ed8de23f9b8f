"""Mends what a killed run left in the state: creations that were begun and of whose end nobody knows.

The engine keeps them for ever and creates again, which vendors refuse (`already exists`). So each is looked for under
the id that it would have. What may exist is taken into the state, marked to be read before the next update, and read at
once: what turns out not to exist is dropped by that. Its own `--import-pending-creates` does not do this: in 3.259.0 it
renames the operation and the next run forgets it. Updates that were begun are simply
done again, and so are the platform's deletions; a tenant's begun deletion is looked into first (tenants/endings.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy.claims import NO_CLAIMS, Claims
from deploy.databases_there import is_empty
from deploy.engine_run import run
from deploy.guards import NotReady
from deploy.identities import Means, Pending, Unknown, identity_of, means_of
from deploy.identity_templates import PROVES_ITSELF
from deploy.look import different, seen
from deploy.target import HOSTS_PROJECT, PROJECT, RunTarget
from intents.marks import mark_of
from kept.say import Say
from policy.stateful import holds
from settings import Settings

__all__ = ["adopted", "exported", "pending_creates", "plain", "repair", "sorted_by_need"]

Resource = dict[str, Any]
CREATING = "creating"
DATABASE = "postgresql:index/database:Database"
_ELSEWHERE = (
    "another name for it in the settings, or remove it at the vendor; then pulumi refresh --clear-pending-creates, and "
    "{command} again"
)
_SAY_SO = "when it is this stack's: {command} --take-over {name}; when it is somebody else's: " + _ELSEWHERE
_SIGNATURE = "4dabf18193072939515e22adb298388d"


def repair(
    place: RunTarget,
    settings: Settings,
    stack: str,
    deployment: Mapping[str, Any],
    say: Say,
    project: str = PROJECT,
    claims: Claims = NO_CLAIMS,
) -> int:
    """Resolves the pending creations of a stack; how many there were. `deployment`: its state, as it was copied.
    The stack is one of the project in `place.project`, or of the hosts. `claims`: what the operator says of them.

    Needs the tunnel: what is in a database is read there. Raises NotReady when it can't be told what exists.
    """
    if not any(operation["type"] == CREATING for operation in deployment.get("pending_operations") or []):
        return 0
    folder = place.hosts_project if project == HOSTS_PROJECT else place.project
    found = pending_creates(exported(place, folder, stack, "--show-secrets")["deployment"])
    say(f"a killed run left {len(found)} creations without an end; looking for what exists")
    identities = _identities(found, means_of(place, settings), say)
    content = exported(place, folder, stack)
    _refuse_foreign(place, folder, project, stack, content["deployment"], identities, found, claims)
    mended = json.dumps({**content, "deployment": adopted(content["deployment"], identities)})
    run(place, folder, "stack", "import", "--stack", stack, capture=True, stdin=mended)
    if identities:
        targets = [word for urn in identities for word in ("--target", urn)]
        run(place, folder, "refresh", "--yes", "--skip-preview", "--stack", stack, *targets, capture=True)
    return len(found)


def _refuse_foreign(
    place: RunTarget,
    folder: Path,
    project: str,
    stack: str,
    deployment: Mapping[str, Any],
    identities: Mapping[str, str],
    found: list[Pending],
    claims: Claims,
) -> None:
    """Raises NotReady for what exists and is not for sure what the killed run was making."""
    begun = {one["urn"]: one for one in _creating(deployment) if one["urn"] in identities}
    asked = [
        {**one, "id": identities[urn], "outputs": {**(one.get("inputs") or {}), "id": identities[urn]}}
        for urn, one in begun.items()
    ]
    there = seen(place, folder, project, stack, deployment, asked) if asked else {}
    pending = {one.urn: one for one in found}
    problems = [
        f"{urn.rpartition('::')[2]} ({one['type']}) exists as {one['id']}{why}. Nothing was changed. Fix: "
        f"{mend.format(name=urn.rpartition('::')[2], command=claims.command or 'the same command')}"
        for urn, one in there.items()
        for why, mend in _not_for_sure(begun[urn], one, pending[urn], claims)
    ]
    if problems:
        raise NotReady("\n".join(problems))


def _not_for_sure(begun: Resource, has: Resource, pending: Pending, claims: Claims) -> Iterator[tuple[str, str]]:
    """Why it may be another's, with the mend; nothing where it is what was being made."""
    inputs, existing = begun.get("inputs") or {}, {**(has.get("inputs") or {}), **(has.get("outputs") or {})}
    mark = mark_of(begun["type"])
    nonce = mark.read(inputs) if mark else None
    if mark is not None and nonce:
        if mark.read(existing) != nonce:
            yield " without the mark of the run that was killed, so it was not made by it", _ELSEWHERE
        return
    if others := sorted(different({name: one for name, one in inputs.items() if not _is_secret(one)}, existing)):
        yield f", and differs from what was being made in {', '.join(others)}", _ELSEWHERE
        return
    what = holds(begun["type"], inputs)
    if not what or begun["type"] in PROVES_ITSELF or _new(pending) or {pending.name, pending.urn} & set(claims.take):
        return
    why = f", bears no mark and may hold data ({what}), so it is not taken over unasked"
    if claims.ask is None or not claims.ask(f"{pending.name} exists{why}. Was it made by the run that was killed?"):
        yield why, _SAY_SO


def _new(pending: Pending) -> bool:
    """Whether it is there and empty, as what has just been made is. Only a database can be asked for that."""
    at = pending.provider
    return pending.token == DATABASE and is_empty(
        int(at.get("port") or 0),
        str(at.get("username")),
        str(at.get("password")),
        str(at.get("sslmode") or "prefer"),
        str(pending.inputs.get("name")),
    )


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and _SIGNATURE in value


def pending_creates(deployment: Mapping[str, Any]) -> list[Pending]:
    """The pending creations of a deployment whose secrets are shown."""
    providers = {f"{one['urn']}::{one.get('id')}": one.get("inputs") or {} for one in deployment.get("resources") or []}
    return [
        Pending(
            urn=one["urn"],
            token=one["type"],
            inputs=plain(one.get("inputs") or {}),
            provider=plain(providers.get(one.get("provider", ""), {})),
        )
        for one in _creating(deployment)
    ]


def adopted(deployment: Mapping[str, Any], identities: Mapping[str, str]) -> dict[str, Any]:
    """The deployment without pending operations, and with those creations (URN → id) as resources."""
    resources: list[Resource] = [dict(one) for one in deployment.get("resources") or []]
    for begun in _creating(deployment):
        identity = identities.get(begun["urn"])
        if identity is None:
            continue
        olds = [old for old in resources if old["urn"] == begun["urn"] and not old.get("delete")]
        if any(old.get("id") == identity for old in olds):
            continue  # it is the one that is known: marked for deletion, the next update would delete it
        for old in olds:
            old["delete"] = True  # it was being replaced, and the new one is there
        inputs = begun.get("inputs") or {}
        resources.append({**begun, "id": identity, "outputs": {**inputs, "id": identity}, "refreshBeforeUpdate": True})
    rest = {name: value for name, value in deployment.items() if name != "pending_operations"}
    return {**rest, "resources": sorted_by_need(resources)}


def sorted_by_need(resources: list[Resource]) -> list[Resource]:
    """In an order in which each comes after what it needs; else as they were."""
    living = {one["urn"]: one for one in resources if not one.get("delete")}
    done: list[Resource] = []
    seen: set[int] = set()

    def add(one: Resource) -> None:
        if id(one) in seen:
            return
        seen.add(id(one))
        for urn in _needs(one):
            if urn in living and living[urn] is not one:
                add(living[urn])
        done.append(one)

    for one in resources:
        add(one)
    return done


def _needs(one: Resource) -> Iterator[str]:
    yield from (one.get("parent") or "", (one.get("provider") or "").rsplit("::", 1)[0])
    yield from one.get("dependencies") or []
    yield from (urn for urns in (one.get("propertyDependencies") or {}).values() for urn in urns or [])
    yield one.get("deletedWith") or ""


def _identities(found: list[Pending], means: Means, say: Say) -> dict[str, str]:
    identities: dict[str, str] = {}
    problems = []
    for one in found:
        try:
            identity = identity_of(one, means)
        except Unknown as unknown:
            problems.append(str(unknown))
            continue
        if identity is not None:
            identities[one.urn] = identity
        say(f"  {one.name}: {'to be read' if identity else 'nothing exists; it is created anew'}")
    if problems:
        raise NotReady("\n".join(["what a killed run left can't be resolved; nothing was changed", *problems]))
    return identities


def _creating(deployment: Mapping[str, Any]) -> list[Resource]:
    """The resources that were being created, and have not come to be since."""
    there = {one["urn"] for one in deployment.get("resources") or [] if not one.get("delete") and one.get("id")}
    begun = {
        operation["resource"]["urn"]: dict(operation["resource"])
        for operation in deployment.get("pending_operations") or []
        if operation["type"] == CREATING and operation["resource"].get("custom")
    }  # a component exists in the state alone: the next run registers it
    return [one for urn, one in begun.items() if urn not in there or _replaces(one, deployment)]


def _replaces(one: Resource, deployment: Mapping[str, Any]) -> bool:
    """Whether a resource that exists has other inputs than the one that was being created in its place."""
    existing = next(old for old in deployment["resources"] if old["urn"] == one["urn"] and not old.get("delete"))
    return bool(existing.get("inputs") != one.get("inputs"))


def exported(place: RunTarget, folder: Path, stack: str, *more: str) -> dict[str, Any]:
    """The state as the engine exports it."""
    document: dict[str, Any] = json.loads(run(place, folder, "stack", "export", "--stack", stack, *more, capture=True))
    return document


def plain(value: Any) -> Any:
    """A value without the engine's envelopes around secrets."""
    if isinstance(value, dict):
        if _SIGNATURE in value and "plaintext" in value:
            return json.loads(value["plaintext"])
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value
