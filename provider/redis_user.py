"""A tenant's user on the Redis that was everybody's: none is made any more, for no rule of Redis limits what one takes
of its time and memory. Those that states still have are read and removed, and their keys with them.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from provider.connections import redis_client
from provider.resource_type import Config, Props, ProviderError, ResourceType
from settings.parts import Setting, matching

if TYPE_CHECKING:
    import redis

__all__ = ["ACL_USER", "AclUserInputs"]

BATCH = 500
_NO_MORE = "tenants share no Redis any more. Fix: redis: {place: NUMBER} in the file of one whose tier has it"
# The platform's own users have other names: none of them can be taken over.
_NAME = matching("t_[a-z0-9_]{1,60}", "not a tenant's user: t_, small letters, digits and _", "as in t_acme")
_PREFIX = matching("t_[a-z0-9_]{1,60}:", "not a tenant's prefix: its user's name and a colon", "as in t_acme:")


class AclUserInputs(Setting):
    """What a user of Redis is."""

    name: Annotated[str, AfterValidator(_NAME)]
    password: Annotated[str, Field(min_length=20)]
    prefix: Annotated[str, AfterValidator(_PREFIX)]
    enabled: bool = True


class _AclUsers:
    def create(self, config: Config, wanted: AclUserInputs) -> tuple[str, Props]:
        raise ProviderError(_NO_MORE)

    def read(self, config: Config, identity: str, known: AclUserInputs) -> Props | None:
        with _errors_reported(), redis_client(config) as client:
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
        raise ProviderError(_NO_MORE)

    def delete(self, config: Config, identity: str, known: AclUserInputs) -> None:
        with _errors_reported(), redis_client(config) as client:
            _ask(client, "ACL", "DELUSER", identity)  # which ends its connections, too
            for batch in _batches(client.scan_iter(match=f"{known.prefix}*", count=BATCH)):
                client.unlink(*batch)
            _ask(client, "ACL", "SAVE")


def _ask(client: redis.Redis, *words: str) -> Any:
    return client.execute_command(*words)  # type: ignore[no-untyped-call] # the client has no types here


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


class _errors_reported:
    """Redis' refusals in words, without what was sent."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        import redis

        if isinstance(error, redis.RedisError):
            said = re.sub(r"[>#<][^\s']+", "[secret]", str(error))
            raise ProviderError(f"Redis: {said}") from None


ACL_USER = ResourceType(
    token="smarteros-apps:redis:AclUser",
    inputs=AclUserInputs,
    handler=_AclUsers(),
    replaces=frozenset({"name", "prefix"}),
    secrets=frozenset({"password"}),
)
