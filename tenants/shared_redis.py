"""What a tenant had on the Redis that was everybody's: taken from there by its next run, once.

Its keys are written into an encrypted file on the shelf first. A tenant with a Redis of its own gets them back there in
the same run; of one without, the file is what is left, and it is said where it is. A run that was killed in between
goes on with that file.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyrage

from age_keyring import Keyring, identity_from_environment
from age_keyring.store import write_whole
from deploy.engine_run import run
from deploy.guards import NotReady
from deploy.redis_rescue import Login, NotFreed, freed
from deploy.target import RunTarget
from kept import keep, words
from kept.say import Say
from settings import keyring_file
from tenants.archive.shelf import shelf_of
from tenants.archive.texts import keys_in
from tenants.doors import CLOSING
from tenants.model import Tenant
from tenants.own_redis import SHARED_USER, keys_of
from tenants.session import PlatformSession
from tenants.state import resources_of

__all__ = ["given_back", "left_in_a_preview", "refuse_not_moved", "taken_away"]

MOVING = "redis-moving"
"""Beside the stack's project file: which file on the shelf waits for the tenant's own Redis."""
SUFFIX = ".redis.age"


def taken_away(
    session: PlatformSession, there: RunTarget, tenant: Tenant, found: Mapping[str, Any] | None, say: Say
) -> list[str]:
    """Before a run: keeps the keys, and lets the run remove the user, which was protected for their sake.

    The URNs that the run must leave alone: of a tenant that is being closed, while its keys can't be read. Raises
    NotReady for any other tenant then.
    """
    users = _users(found)
    if not users:
        return []
    try:
        content = _dumped(session, tenant, say)
    except NotReady as error:
        if tenant.state not in CLOSING:
            raise
        say(str(error))
        return users
    if content:
        file = _written(session, tenant, content)
        keep(there.project / MOVING, file.name)
        say(f"tenant {tenant.slug}: {len(content.splitlines())} keys of the shared Redis are kept in {file}")
        if tenant.redis is None:
            say(f"tenant {tenant.slug}: it has no Redis any more (docs/tenants.md); they are in no application's reach")
    for urn in users:
        run(there, there.project, "state", "unprotect", urn, "--yes", "--stack", tenant.slug, capture=True)
    return []


def left_in_a_preview(tenant: Tenant, found: Mapping[str, Any] | None, say: Say) -> list[str]:
    """The words for the engine, whose preview of an end of what is protected fails; what `apply` does then, is said."""
    users = _users(found)
    if users:
        to = "come into its own Redis" if tenant.redis else "stay in that file: it has no Redis any more"
        say(
            f"tenant {tenant.slug}: it is of an earlier version. `apply` keeps its keys on the shared Redis in an "
            f"encrypted file, then removes its user there; the keys {to} (docs/tenants.md)"
        )
    return [word for urn in users for word in ("--exclude", urn)]


def refuse_not_moved(found: Mapping[str, Any] | None, slug: str) -> None:
    """What reads a tenant's keys reads them in its own Redis: of one that was not moved they would be missing."""
    if _users(found):
        why = "its keys are on the shared Redis, and would be in no archive"
        raise NotReady(
            f"tenant {slug} is of an earlier version: {why}. Fix: ./smos tenant apply {slug}, then this again"
        )


def _users(found: Mapping[str, Any] | None) -> list[str]:
    return [str(one["urn"]) for one in resources_of(found or {}) if one["type"] == SHARED_USER]


def given_back(session: PlatformSession, there: RunTarget, tenant: Tenant, say: Say) -> None:
    """After a run: puts into the tenant's own Redis what was kept for it."""
    note = there.project / MOVING
    if tenant.redis is None or not note.exists():
        return
    name = words(note, "remove it: the keys are in the file that it names, on the shelf").strip()
    file = shelf_of(session.place).folder / Path(name).name
    if file.is_file():
        with keys_of(session, tenant) as keys:
            if keys is not None:
                keys.restore(keys_in(pyrage.decrypt(file.read_bytes(), list(_identity(session).keys))))
        say(f"tenant {tenant.slug}: its keys are in its own Redis; {file} may be removed")
    note.unlink()


def _dumped(session: PlatformSession, tenant: Tenant, say: Say) -> bytes:
    import redis

    from tenants.archive.keys import KeysLogin, TenantKeys

    server = session.platform.redis
    if server is None:
        return b""
    port = server.local_port
    try:
        if done := freed(Login(port=port, user="operator", password=_operator(session))):
            say(f"the shared Redis was held by a script that did not end: {done}")
        login = KeysLogin(port=port, user=server.login, password=session.secrets.redis_password)
        return TenantKeys(login, tenant.names).dump()
    except (NotFreed, redis.RedisError) as error:
        mend = f"./smos up {session.stack}, ./smos redis --stack {session.stack} --end, then the same command again"
        raise NotReady(
            f"tenant {tenant.slug}: its keys on the shared Redis can't be read: {error}. Fix: {mend}"
        ) from None


def _operator(session: PlatformSession) -> str:
    keyring = Keyring.open(keyring_file(session.place.environ), _identity(session))
    return keyring.get(f"{session.stack}/redisPasswords/operator")


def _written(session: PlatformSession, tenant: Tenant, content: bytes) -> Path:
    keyring = Keyring.open(keyring_file(session.place.environ), _identity(session))
    made = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    folder = shelf_of(session.place).folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"{tenant.slug}-{made}{SUFFIX}"
    write_whole(file, pyrage.encrypt(content, [one.key(file) for one in keyring.recipients]))
    return file


def _identity(session: PlatformSession) -> Any:
    return identity_from_environment(session.place.environ)
