"""Takes over what an earlier run made at a vendor without learning of it: the answer was lost, the state has nothing.

Only what an open intent of this stack names is looked at, and only through the vendor's own provider. It is ours when
it bears the intent's mark. Where its type bears none, it must be as it was to be made, and the operator must say so;
likewise where it is protected or holds data. Everything else is refused, with what it is and the two ways out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.claims import NO_CLAIMS, Claims
from deploy.engine_run import EngineFailed, run
from deploy.guards import NotReady
from deploy.identities import Means, Pending, Unknown, identity_of, means_of
from deploy.identity_templates import PROVES_ITSELF
from deploy.look import different, seen
from deploy.open_intents import SECRET, close_done, journal_of
from deploy.repair import exported, plain, sorted_by_need
from deploy.target import ACCESS_PROJECT, HOSTS_PROJECT, PROJECT, RunTarget
from intents.journal import Intent, Journal
from intents.marks import AGAIN, NO_MARK, mark_of
from kept.say import Say
from policy.stateful import holds
from settings import Settings

__all__ = ["NO_CLAIMS", "Claims", "take_over"]

Resource = dict[str, Any]
_ENVELOPE = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
_LOST = "lost with the answer"


@dataclass(frozen=True)
class _Found:
    intent: Intent
    asked: Resource
    """As it is put into the copy of the state."""
    resource: Resource
    """As the vendor has it."""


def take_over(
    place: RunTarget,
    settings: Settings,
    stack: str,
    deployment: Mapping[str, Any],
    say: Say,
    claims: Claims,
    *,
    project: str = PROJECT,
    folder: Path | None = None,
) -> int:
    """Resolves the open intents of a stack whose creation failed; how many things were taken over.

    `deployment`: its state. Needs the tunnel. Raises NotReady with everything that is not ours for sure.
    """
    journal = journal_of(place, project, stack)
    close_done(journal, deployment)
    if not journal.file.exists():
        return 0
    where = folder or place.project
    _read_undeleted(place, where, stack, deployment, journal, say)
    failed = [one for one in journal.open().values() if one.failed and one.name not in claims.leave]
    journal.close(one.urn for one in journal.open().values() if one.name in claims.leave)
    if not failed:
        return 0
    say(f"{len(failed)} creations of {stack} failed; looking for what exists all the same")
    content = exported(place, where, stack)
    found, unknown = _looked(place, settings, where, project, stack, content["deployment"], failed, journal)
    ours, refused = [], unknown
    for one in found:
        why = _refusal(one, claims, stack, claims.command or _command(project, stack))
        if why:
            refused.append(why)
        else:
            ours.append(one)
    if ours:
        resources = sorted_by_need([*content["deployment"].get("resources", []), *(one.resource for one in ours)])
        mended = {**content, "deployment": {**content["deployment"], "resources": resources}}
        run(place, where, "stack", "import", "--stack", stack, capture=True, stdin=json.dumps(mended))
        journal.close(one.intent.urn for one in ours)
        say(f"taken over: {', '.join(one.intent.name for one in ours)}")
    if refused:
        raise NotReady("\n".join(refused))
    return len(ours)


def _read_undeleted(
    place: RunTarget, where: Path, stack: str, deployment: Mapping[str, Any], journal: Journal, say: Say
) -> None:
    """What could not be deleted is read anew: the vendor may have deleted it, and the answer was lost."""
    there = {one["urn"] for one in deployment.get("resources") or []}
    urns = [urn for urn in journal.deletions() if urn in there]
    if urns:
        say(f"{len(urns)} deletions of {stack} failed; reading whether they happened all the same")
        targets = [word for urn in urns for word in ("--target", urn)]
        run(place, where, "refresh", "--yes", "--skip-preview", "--stack", stack, *targets, capture=True)
    journal.forget_deletions()


def _looked(
    place: RunTarget,
    settings: Settings,
    where: Path,
    project: str,
    stack: str,
    deployment: Mapping[str, Any],
    failed: Sequence[Intent],
    journal: Journal,
) -> tuple[list[_Found], list[str]]:
    """What exists of it, and of what it can't be told. The intents of what does not exist are closed."""
    providers = _providers(exported(place, where, stack, "--show-secrets")["deployment"])
    means = means_of(place, settings)
    known = {(one["type"], str(one.get("id"))) for one in deployment.get("resources") or []}
    asked: dict[str, Resource] = {}
    problems = []
    for intent in failed:
        try:
            identity = _identity(intent, providers, means)
        except Unknown as unknown:
            problems.append(str(unknown))
            continue
        if identity is not None and (intent.token, identity) not in known:
            asked[intent.urn] = _as_resource(intent, identity)
        else:
            journal.close([intent.urn])
    try:
        there = seen(place, where, project, stack, deployment, list(asked.values())) if asked else {}
    except EngineFailed as error:
        raise NotReady(f"{stack}: the vendors could not be asked what exists of it. Fix: run again\n{error}") from None
    journal.close(urn for urn in asked if urn not in there)
    found = [_Found(one, asked[one.urn], there[one.urn]) for one in failed if one.urn in there]
    return found, problems


def _identity(intent: Intent, providers: Mapping[str, Mapping[str, Any]], means: Means) -> str | None:
    """The id that it has if it exists; None when it can be made once more without a look."""
    if NO_MARK.get(intent.token) == AGAIN:
        return None
    provider = providers.get(str(intent.failed.get("provider", "")), {})
    inputs = intent.failed.get("inputs") or {}
    return identity_of(Pending(urn=intent.urn, token=intent.token, inputs=inputs, provider=provider), means)


def _providers(deployment: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    resources = deployment.get("resources") or []
    return {f"{one['urn']}::{one.get('id')}": plain(one.get("inputs") or {}) for one in resources}


def _as_resource(intent: Intent, identity: str) -> Resource:
    """A resource of the state. What was secret stays so, without its value: the next update sets it again."""
    had = intent.failed
    inputs = _hidden(had.get("inputs") or {})
    kept = {name: had[name] for name in ("parent", "protect", "provider") if had.get(name)}
    return {
        "urn": intent.urn,
        "custom": True,
        "type": intent.token,
        "id": identity,
        "inputs": inputs,
        "outputs": {**inputs, "id": identity},
        **kept,
    }


def _hidden(value: Any) -> Any:
    if value == SECRET:
        return {**_ENVELOPE, "plaintext": json.dumps(_LOST)}
    if isinstance(value, Mapping):
        return {name: _hidden(inner) for name, inner in value.items()}
    return [_hidden(inner) for inner in value] if isinstance(value, list) else value


# -- whose it is -------------------------------------------------------------------------------------------------------


def _command(project: str, stack: str) -> str:
    """What an operator runs again."""
    platform = {PROJECT: "up", HOSTS_PROJECT: "host up", ACCESS_PROJECT: "vault init"}
    return f"./smos {platform.get(project, 'tenant apply')} {stack}"


def _refusal(one: _Found, claims: Claims, stack: str, command: str) -> str | None:
    """Why it is not taken over; None when it is."""
    intent, has = one.intent, {**(one.resource.get("inputs") or {}), **(one.resource.get("outputs") or {})}
    what = f"{intent.name} ({intent.token}) exists as {one.resource['id']}, and the state of {stack} does not have it"
    mark = mark_of(intent.token) if intent.nonce else None
    if mark is not None and (borne := mark.read(has)) != intent.nonce:
        whose = "the mark of another run" if borne else "no mark of ours"
        return f"{what}: it bears {whose}, so it was not made here. {_foreign(one, command)}"
    if mark is None and (others := sorted(different(intent.failed.get("inputs") or {}, has))):
        return f"{what}: it differs from what was to be made in {', '.join(others)}. {_foreign(one, command)}"
    why = _needs_word(one, proved=mark is not None or intent.token in PROVES_ITSELF)
    if why is None or intent.name in claims.take or intent.urn in claims.take:
        return None
    if claims.ask is not None and claims.ask(f"{what}. It {why}. Take it over?"):
        return None
    return (
        f"{what}: it {why}, so it is not taken over unasked. Nothing was done to it. Fix: when it is this stack's: "
        f"{command} --take-over {intent.name}; when it is somebody else's: another name for it in the settings, then "
        f"{command} --leave {intent.name}"
    )


def _needs_word(one: _Found, *, proved: bool) -> str | None:
    inputs = one.intent.failed.get("inputs") or {}
    held = holds(one.intent.token, inputs)
    if held:
        return f"may hold data ({held})"
    if one.intent.failed.get("protect"):
        return "is protected"
    return None if proved else "is of a type that bears no mark, and a name alone proves nothing"


def _foreign(one: _Found, command: str) -> str:
    return (
        f"Nothing was done to it. Fix: look at it; when it is to be this stack's: pulumi import {one.intent.token} "
        f"{one.intent.name} '{one.resource['id']}'; when not: another name for it in the settings, then "
        f"{command} --leave {one.intent.name}"
    )
