"""Redis: what waits in queues and is nowhere else, of the platform's services and of tenants that have their own.

Whose keys matter, and what is lost with them, says MATTERS. All of them are taken, whosever they are: what a service
puts there tomorrow is in the backups without a line here. A restore makes the keys those of the backup: what the backup
has not goes aside, also a flag that an application which was made anew since has set (Chatwoot's onboarding page).
"""

from __future__ import annotations

import contextlib
import datetime
import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recovery.manifest import Kind, Part
from recovery.sources.redis_keys import AllKeys
from recovery.sources.source import Captured, Context, NotRestorable, SourceFailed

if TYPE_CHECKING:
    from tenants.archive.keys import KeysLogin
    from tenants.model import Tenant

__all__ = ["FILE", "KEEPER", "MATTERS", "RedisSource", "source_of", "sources"]

FILE = "redis.jsonl"
KEEPER = "keeper"
"""Who may read and write all keys (components.services.redis_users)."""
MATTERS: Mapping[str, str] = {
    "chatwoot": (
        "Sidekiq's jobs: messages that wait to be sent, webhooks, deletions (sidekiq/sidekiq lib/sidekiq/client.rb: "
        "`queue:*`, `schedule`, `retry`, `dead`); alfred:*, among them the flag that opens the page on which the first "
        "visitor becomes super administrator (chatwoot/chatwoot db/seeds.rb, "
        "app/controllers/installation/onboarding_controller.rb)"
    ),
    "n8n": "executions that wait for a worker in queue mode (OptimalBits/bull lib/queue.js: `bull:jobs:*`)",
    "mcp": "sessions and caches, which are made anew (ContextForge, mcpgateway/cache)",
    "botpress": "locks and messages between instances, which end by themselves (botpress/v12, packages/bp/src/pro)",
}
"""Service → what of it is in Redis, and who says so."""


@dataclass(frozen=True)
class RedisSource:
    """One Redis."""

    machine: str | None
    """None: a vendor's."""
    owner: Tenant | None = None
    """The tenant whose own it is; None: the platform's."""
    kind: Kind = "redis"
    service: str = "redis"

    @property
    def name(self) -> str:
        """`redis:redis`, or that of the tenant."""
        return f"redis:{self.owner.names.redis if self.owner else 'redis'}"

    @property
    def tenant(self) -> str:
        """Whose it is."""
        return self.owner.slug if self.owner else ""

    @property
    def domain(self) -> str:
        """Its host; or Azure."""
        return f"host:{self.machine}" if self.machine else "azure"

    @contextlib.contextmanager
    def capture(self, ctx: Context, folder: Path) -> Iterator[Captured]:
        """All keys in one transaction."""
        with self._keys(ctx) as keys:
            taken = keys.take(folder / FILE, self._group(ctx))
        yield Captured(taken_at=taken.moment, digests=lambda: taken.digests, versions={"redis": taken.version})

    def restore_beside(self, ctx: Context, folder: Path, part: Part, name: str) -> None:
        """In the same Redis, under names that no service reaches."""
        with self._keys(ctx) as keys:
            keys.put_beside(folder / FILE, part.taken_at, name)

    def check(self, ctx: Context, part: Part, name: str) -> list[str]:
        """The keys that live for ever, by whose they are."""
        with self._keys(ctx) as keys:
            return part.digests.differences(keys.beside(name, self._group(ctx)))

    def put_in_place(self, ctx: Context, part: Part, name: str) -> str:
        """By renaming, in one transaction."""
        old = f"{name}_before_{part.taken_at.astimezone(datetime.UTC):%Y%m%d-%H%M%S}"
        with self._keys(ctx) as keys:
            keys.swap(name, old)
        return old

    def remove_old(self, ctx: Context, old: str) -> None:
        """The keys that were there before a restore."""
        if "_before_" not in old:
            raise NotRestorable(f"{self.name}: {old} is nothing that a restore left aside. Nothing was removed")
        with self._keys(ctx) as keys:
            keys.drop(old)

    @contextlib.contextmanager
    def _keys(self, ctx: Context) -> Iterator[AllKeys]:
        with self._login(ctx) as login:
            yield AllKeys(login, self.name)

    @contextlib.contextmanager
    def _login(self, ctx: Context) -> Iterator[KeysLogin]:
        from tenants.archive.keys import KeysLogin
        from tenants.own_redis import reached
        from tenants.secrets import ROOT_KEY

        if self.owner is not None:
            with reached(ctx.place, ctx.settings, ctx.keyring.find(ROOT_KEY) or "", self.owner) as login:
                yield login
            return
        password = ctx.keyring.get(f"{ctx.stack}/redisPasswords/{KEEPER}")
        yield KeysLogin(port=ctx.settings.forward("redis").local_port, user=KEEPER, password=password)

    def _group(self, ctx: Context) -> _ByService:
        access = {} if self.owner else ctx.settings.services.redis_access()
        return _ByService({service: one.keys for service, one in access.items()})


@dataclass(frozen=True)
class _ByService:
    """Whose a key is, by the patterns that services' users are held to."""

    patterns: Mapping[str, Sequence[str]]

    def __call__(self, key: bytes) -> str:
        name = key.decode("latin-1")
        for service, patterns in self.patterns.items():
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
                return service
        return "keys"


def source_of(ctx: Context, part: Part) -> RedisSource | None:
    """That of a part of this kind. Raises SourceFailed where there is no such Redis any more."""
    if part.kind != "redis":
        return None
    found = next((one for one in _sources(ctx) if one.name == part.name), None)
    if found is None:
        whose = f"./smos tenant apply {part.tenant}" if part.tenant else f"./smos up {ctx.stack}"
        raise SourceFailed(f"{part.name}: there is no such Redis any more. Fix: {whose} makes it")
    return found


def sources(ctx: Context) -> Sequence[RedisSource]:
    """The platform's, and those of tenants that have one of their own."""
    return tuple(_sources(ctx))


def _sources(ctx: Context) -> Iterator[RedisSource]:
    wanted = ctx.settings.services.redis
    if wanted is not None:
        yield RedisSource(machine=wanted.placement.machine)
    if not ctx.slugs:
        return
    from tenants.lifecycle import registry_of
    from tenants.own_host import host_of

    for entry in registry_of(ctx.stack, ctx.place.target).entries:
        if entry.tenant.slug in ctx.slugs and entry.tenant.redis is not None:
            yield RedisSource(machine=host_of(ctx.settings).name, owner=entry.tenant)
