"""A tenant is closed while its platform can't all be reached: what can be is closed now, the rest is named.

Its state can't be written then: the key that opens it is in Vault. So the engine runs on a copy of the state that has
no secret in it, with an end of its own, and changes nothing but what is closed. What has secrets to be written anew
(containers, what stands in Vault) is left to the next run, but its logins end here where they can. The next run reads
anew what was changed, and completes it.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deploy.engine_run import EngineFailed, run
from deploy.guards import NotReady
from deploy.target import RunTarget
from deploy.vault_api import VaultRefused
from kept.say import Say
from tenants import shared_redis
from tenants.doors import CONTAINER, REACH, DoorsLeft, doors_of
from tenants.endings import note_changed
from tenants.inline import run_inline
from tenants.model import Tenant
from tenants.own_redis import reached
from tenants.ownership import check_ownership
from tenants.registry import Entry
from tenants.session import PlatformSession, reached_as_far
from tenants.state import deployment, resources_of
from tenants.vault_session import VaultSession
from tenants.watched import program_of
from tenants.workfolder import made_ready, with_project

__all__ = ["close_as_far", "without_secrets"]

_SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - how the engine marks one
_MARK = "1b47061264138c4ac30d75fd1eb44270"
_BLANK = json.dumps("blank")
"""In place of every secret: the same everywhere, so that none differs from what it was made of."""
_LEFT_OUT = ("vault:", "docker:", "pulumi:providers:vault", "pulumi:providers:docker", shared_redis.USER)
_SETTLED_S = 10
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
        left = [*_by_the_engine(session, tenant, found, said), *_by_hand(session, tenant, found, said)]
    raise DoorsLeft(slug, doors_of(left) or ["its state, which has not heard of it"], "\n".join(dict.fromkeys(said)))


def _may_change(one: Mapping[str, Any]) -> bool:
    kind = str(one["type"])
    return bool(one.get("custom")) and not kind.startswith(("pulumi:", "random:"))


def _by_the_engine(
    session: PlatformSession, tenant: Tenant, found: Mapping[str, Any], said: list[str]
) -> Iterator[str]:
    """The name, PostgreSQL, the storage: the URNs that could not be closed."""
    # Of its state's resources these are not in the copy: the program doesn't declare them either.
    declared = tenant.model_copy(update={"redis": None})
    kept = replace(session, secrets=replace(session.secrets, vault=None))
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
            yield from urns or [f"{tenant.slug}::database", f"{tenant.slug}::dns"]


def _deleted(there: RunTarget, slug: str, found: Mapping[str, Any], said: list[str]) -> Iterator[str]:
    """What is closed by a deletion goes first: after any failure of an `up` the engine deletes nothing."""
    for urn in (str(one["urn"]) for one in resources_of(found) if one["type"] == REACH):
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
    gone = {str(one["urn"]) for one in resources_of(found) if str(one["type"]).startswith(_LEFT_OUT)}
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


@dataclass(frozen=True)
class _Door:
    """One that is closed by asking for it, without the engine. `name`: as `doors_of` reads it."""

    name: str
    close: Callable[[PlatformSession, Tenant], None]


def _by_hand(session: PlatformSession, tenant: Tenant, found: Mapping[str, Any], said: list[str]) -> Iterator[str]:
    doors = [_Door("vault", _close_vault)] if session.platform.vault is not None else []
    doors += [_Door(f"t-{tenant.slug}-redis", _close_redis)] if tenant.redis is not None else []
    for door in doors:
        try:
            door.close(session, tenant)
        except (NotReady, VaultRefused) as error:
            said.append(str(error))
            yield f"{tenant.slug}::{door.name}"
    types = {str(one["type"]): str(one["urn"]) for one in resources_of(found)}
    if shared_redis.USER in types:
        yield types[shared_redis.USER]
    if tenant.isolation.n8n == "silo" and CONTAINER in types:
        said.append("the container of its n8n runs on; without its name and, where that is closed, its database")
        yield f"{tenant.slug}::n8n-container"


def _close_vault(session: PlatformSession, tenant: Tenant) -> None:
    """Its policy counts at each request: tokens that are out are worth nothing from then on."""
    from tenants.steps.vault import closed_policy

    vault, login = session.platform.vault, session.secrets.vault
    if vault is None or login is None:
        raise NotReady(f"Vault of {session.stack} has no login for tenants. Fix: ./smos vault init {session.stack}")
    vault_session = VaultSession(vault.local_port, login, session.stack)
    if vault_session.api.ask("GET", "sys/seal-status").get("sealed"):
        raise NotReady(f"Vault of {session.stack} is sealed. Fix: ./smos vault unseal {session.stack}")
    try:
        path = f"sys/policies/acl/{tenant.names.policy}"
        vault_session.api.ask("PUT", path, {"policy": closed_policy()}, token=vault_session.token())
    finally:
        vault_session.close()


def _close_redis(session: PlatformSession, tenant: Tenant) -> None:
    """Its user goes, and with it its connections; a start of the server would bring it back until the next run."""
    import redis

    with reached(session.place, session.settings, session.secrets.root_key, tenant) as login:
        client = redis.Redis(
            port=login.port,
            username=login.user,
            password=login.password,
            socket_timeout=_SETTLED_S,
            socket_connect_timeout=_SETTLED_S,
        )
        try:
            client.execute_command("ACL", "DELUSER", tenant.names.redis_user)  # type: ignore[no-untyped-call] # the client has no types here
        except redis.RedisError as error:
            raise NotReady(f"Redis of tenant {tenant.slug}: {error}") from None
        finally:
            client.close()
