"""A user of Redis who reaches the keys and channels below one prefix, and nothing else.

Removing the user removes its keys. A user that is off keeps its keys and its password, and its connections end.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from apps.connections import redis_client
from apps.kind import Config, Kind, NotDone, Props
from settings.parts import Setting, matching
from settings.redis_commands import OWN_KEYS

if TYPE_CHECKING:
    import redis

__all__ = ["ACL_USER", "AclUserInputs", "rules_of"]

BATCH = 500
# The platform's own users have other names: none of them can be taken over.
_NAME = matching("t_[a-z0-9_]{1,60}", "not a tenant's user: t_, small letters, digits and _", "as in t_acme")
_PREFIX = matching("t_[a-z0-9_]{1,60}:", "not a tenant's prefix: its user's name and a colon", "as in t_acme:")


class AclUserInputs(Setting):
    """What a user of Redis is."""

    name: Annotated[str, AfterValidator(_NAME)]
    password: Annotated[str, Field(min_length=20)]
    prefix: Annotated[str, AfterValidator(_PREFIX)]
    enabled: bool = True


def rules_of(wanted: AclUserInputs) -> list[str]:
    """The words of ACL SETUSER, from nothing: what the user had before is forgotten. It stays in the first of Redis'
    databases, where its keys are looked for when it goes.
    """
    digest = hashlib.sha256(wanted.password.encode()).hexdigest()
    reaches = [f"~{wanted.prefix}*", f"&{wanted.prefix}*"]
    state = "on" if wanted.enabled else "off"
    return ["reset", "resetchannels", state, f"#{digest}", *reaches, "-@all", *OWN_KEYS.split(), "-select"]


class _AclUsers:
    def create(self, config: Config, wanted: AclUserInputs) -> tuple[str, Props]:
        self._set(config, wanted)
        return wanted.name, {}

    def read(self, config: Config, identity: str, known: AclUserInputs) -> Props | None:
        with _told(), redis_client(config) as client:
            found: Any = _ask(client, "ACL", "GETUSER", identity)
        if not found:
            return None
        facts = found if isinstance(found, dict) else dict(zip(found[::2], found[1::2], strict=True))
        seen: dict[str, Any] = {"enabled": "on" in facts["flags"]}
        # What the user may do is one with its prefix: one that somebody changed is not the prefix that is known.
        if any(_patterns(facts[reach]) != {f"{known.prefix}*"} for reach in ("keys", "channels")):
            seen["prefix"] = ""
        if hashlib.sha256(known.password.encode()).hexdigest() not in facts["passwords"]:
            seen["password"] = ""
        return seen

    def update(self, config: Config, identity: str, old: AclUserInputs, wanted: AclUserInputs) -> Props:
        try:
            self._set(config, wanted)
        except NotDone:
            with contextlib.suppress(NotDone):
                self._set(config, old)  # of a change that failed nothing is left, as the state will say
            raise
        return {}

    def delete(self, config: Config, identity: str, known: AclUserInputs) -> None:
        with _told(), redis_client(config) as client:
            _ask(client, "ACL", "SETUSER", identity, "reset", "off")
            _end_connections(client, identity)
            for batch in _batches(client.scan_iter(match=f"{known.prefix}*", count=BATCH)):
                client.unlink(*batch)
            _ask(client, "ACL", "DELUSER", identity)
            _ask(client, "ACL", "SAVE")

    def _set(self, config: Config, wanted: AclUserInputs) -> None:
        with _told(), redis_client(config) as client:
            _ask(client, "ACL", "SETUSER", wanted.name, *rules_of(wanted))
            if not wanted.enabled:
                _end_connections(client, wanted.name)
            _ask(client, "ACL", "SAVE")


def _ask(client: redis.Redis, *words: str) -> Any:
    return client.execute_command(*words)  # type: ignore[no-untyped-call] # the client has no types here


def _end_connections(client: redis.Redis, user: str) -> None:
    _ask(client, "CLIENT", "KILL", "USER", user)


def _batches(keys: Any) -> Any:
    batch: list[str] = []
    for key in keys:
        batch.append(key)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _patterns(value: Any) -> set[str]:
    """Redis 6 answers a list, without the sign before a pattern; Redis 7 one text, with it."""
    words = value.split() if isinstance(value, str) else [str(word) for word in value]
    return {word.lstrip("~&") for word in words}


class _told:
    """Redis' refusals in words, without what was sent."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        import redis

        if isinstance(error, redis.RedisError):
            said = re.sub(r"[>#<][^\s']+", "[secret]", str(error))
            raise NotDone(f"Redis: {said}") from None


ACL_USER = Kind(
    token="smarteros-apps:redis:AclUser",
    inputs=AclUserInputs,
    acts=_AclUsers(),
    replaces=frozenset({"name", "prefix"}),
    secrets=frozenset({"password"}),
)
