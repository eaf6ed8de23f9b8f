"""The tenant's own Redis: a container on the platform's host, with limits, that nobody else reaches with any password.

Redis knows no limit of memory, time or connections for a user: whoever may send it a script can hold it for ever, and
fill it. So no two tenants share one. While the tenant is suspended its user does not exist; its keys stay, on the
volume.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import pulumi_random as random
from pulumi import ComponentResource, Input, Output, ResourceOptions

from deploy.guards import NotReady
from provider.time_limits import redis_limits
from settings import Settings
from tenants.archive.texts import keys_in
from tenants.documented import Documented, Has, Isolated, Kept
from tenants.model import Tenant
from tenants.names import TenantNames
from tenants.own_host import host_of
from tenants.own_redis import SHARED_USER, forward_of, health_password, keeper_password, keys_of, reached
from tenants.residue.hosts import LABELLED
from tenants.residue.left import Left, Sought
from tenants.steps.step import (
    ArchivedPart,
    ClosedDirectly,
    DirectDoor,
    Dump,
    PartStore,
    Search,
    Step,
    StepContext,
    StepOutputs,
)
from tenants.tiers import REDIS_SIZES, redis_memory_mb

if TYPE_CHECKING:
    from tenants.archive.keys import TenantKeys
    from tenants.session import PlatformSession

__all__ = ["FILE", "STEP", "TenantRedis", "TenantRedisArgs"]

FILE = "redis.jsonl"
SHOWN = 3
_SETTLED_S = 10


@dataclass(frozen=True, kw_only=True)
class TenantRedisArgs:
    """Whose, and the platform's settings. The provider of Docker comes with the options."""

    tenant: Tenant
    settings: Settings
    root_key: str = field(repr=False)


class TenantRedis(ComponentResource):
    """The container, and the tenant's password."""

    host: Output[str]
    port: int
    password: Output[str]

    def __init__(self, name: str, args: TenantRedisArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:tenants:TenantRedis", name, None, opts)
        # Those who have one pay for the import.
        from components.placements.docker import DockerHost, DockerHostArgs, Guest
        from components.services.redis import PORT, OwnRedis, own_redis_workload

        inside = ResourceOptions(parent=self)
        tenant, names = args.tenant, args.tenant.names
        password = random.RandomPassword(f"{name}-password", length=40, special=False, opts=inside)
        size, keys_mb = REDIS_SIZES[tenant.tier], tenant.granted.redis_keys_mb
        place = DockerHost(
            f"{names.redis}-host",
            DockerHostArgs(
                settings=args.settings,
                host=host_of(args.settings),
                guest=Guest({"smarteros.tenant": tenant.slug}, {names.redis: forward_of(args.settings, tenant)}),
            ),
            inside,
        )
        own = OwnRedis(
            user=names.redis_user,
            password=password.result,
            keeper_password=keeper_password(args.root_key, tenant),
            health_password=health_password(args.root_key, tenant),
            is_open=tenant.state == "active",
            keys_mb=keys_mb,
            memory_mb=redis_memory_mb(keys_mb),
            cpu=size.cpu,
            clients=size.clients,
        )
        running = place.run(names.redis, own_redis_workload(args.settings.image("redis"), own), inside)
        self.host, self.port, self.password = running.host, PORT, password.result
        self.register_outputs({"host": self.host})


def _declare(ctx: StepContext) -> StepOutputs:
    tenant, names = ctx.tenant, ctx.tenant.names
    if tenant.redis is None:
        return StepOutputs()
    made = TenantRedis(
        "redis",
        TenantRedisArgs(tenant=tenant, settings=ctx.settings, root_key=ctx.secrets.root_key),
        ResourceOptions(providers=[ctx.providers.docker]),
    )
    login: dict[str, Input[str]] = {
        "host": made.host,
        "port": str(made.port),
        "user": names.redis_user,
        "password": made.password,
        "prefix": names.redis_prefix,
    }
    known = {"host": made.host, "user": names.redis_user, "prefix": names.redis_prefix}
    return StepOutputs(known={"redis": known}, logins={"redis": login})


@dataclass(frozen=True)
class _StoredKeys:
    """Its keys as a part of an archive."""

    keys: TenantKeys

    def dump(self) -> Dump:
        """All below its prefix."""
        return Dump(file=self.keys.dump(), content=self.content())

    def restore(self, checked: list[tuple[bytes, bytes, int]]) -> None:
        """What was there before goes."""
        self.keys.restore(checked)

    def content(self) -> Mapping[str, Any]:
        """As they are now."""
        found = self.keys.content()
        return {"redisKeys": found.count, "redis": found.digest}


@contextlib.contextmanager
def _reached(session: PlatformSession, tenant: Tenant) -> Iterator[PartStore | None]:
    with keys_of(session, tenant) as keys:
        yield None if keys is None else _StoredKeys(keys)


def _left(session: PlatformSession, sought: Sought) -> Iterator[Left]:
    """On the Redis that was everybody's (tenants/shared_redis.py): asked as who makes the users."""
    import redis

    server = session.platform.redis
    if server is None:
        return
    client: Any = redis.Redis(
        host="127.0.0.1",
        port=server.local_port,
        username=server.login,
        password=session.secrets.redis_password,
        decode_responses=True,
        encoding_errors="replace",
        **redis_limits(),
    )
    try:
        for user in sorted(client.acl_users()):
            if sought.carries(user, _user, "_"):
                yield Left("Redis", f"the user {user}", f"ACL DELUSER {user}, then ACL SAVE")
        seen = client.scan_iter(match=f"{_user(sought.tenant.names)}*", count=500)
        ours = (key for key in seen if ":" in key and sought.carries(key.partition(":")[0], _user, "_"))
        keys = list(islice(ours, SHOWN + 1))
        if keys:
            more = " and more" if len(keys) > SHOWN else ""
            yield Left("Redis", f"the keys {', '.join(sorted(keys)[:SHOWN])}{more}", "UNLINK them")
    except redis.RedisError as error:
        raise NotReady(f"Redis can't be asked what is left: {error}") from None


def _user(names: TenantNames) -> str:
    return names.redis_user


def _container(names: TenantNames) -> str:
    return names.redis


def _closed_directly(session: PlatformSession, tenant: Tenant, types: frozenset[str]) -> Iterator[DirectDoor]:
    if tenant.redis is not None:
        yield DirectDoor(name=tenant.names.redis, close=partial(_close, session, tenant))
    if SHARED_USER in types:
        yield DirectDoor(name="redis-user")


def _close(session: PlatformSession, tenant: Tenant) -> None:
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


def _undeclared(session: PlatformSession, tenant: Tenant) -> tuple[PlatformSession, Tenant]:
    return session, tenant.model_copy(update={"redis": None})


_DOCUMENTED = Documented(
    has=(
        Has(
            where="The host, for those with a Redis of their own",
            what="a container with its volume",
            called="`t-<slug>-redis`; user `t_<slug>`, keys `t_<slug>:…`",
            made_with="SSH",
        ),
    ),
    kept=(
        Kept(
            what="Redis: keys of every kind",
            isolated_by="own container, user and prefix",
            export="exactly",
            restore="what lives for ever is compared; time to live goes on from the import",
            erase="at once",
        ),
    ),
    isolated=(
        Isolated(
            what="Redis",
            pool="not at all (it knows no limits of a user)",
            silo="container, volume, user, prefix",
            isolated="exactly, in a silo",
            exported="exactly",
            restored="exactly",
            erased="exactly",
        ),
    ),
)

STEP = Step(
    name="redis",
    declare=_declare,
    names={"Redis": _user, "Docker": _container},
    doors={"t-.*-redis": "its Redis", "redis": "Redis"},
    closed_directly=ClosedDirectly(
        types=("docker:", "pulumi:providers:docker", SHARED_USER), doors=_closed_directly, undeclared=_undeclared
    ),
    entries=frozenset({"redis"}),
    searches=(Search("Redis", _left), LABELLED),
    archived=ArchivedPart(file=FILE, reached=_reached, checked=keys_in, field="redis"),
    memory_mb=lambda tenant: 0 if tenant.redis is None else redis_memory_mb(tenant.granted.redis_keys_mb),
    documented=_DOCUMENTED,
)
