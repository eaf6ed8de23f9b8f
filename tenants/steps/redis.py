"""The tenant's own Redis: a container on the platform's host, with limits, that nobody else reaches with any password.

Redis knows no limit of memory, time or connections for a user: whoever may send it a script can hold it for ever, and
fill it. So no two tenants share one. While the tenant is suspended its user does not exist; its keys stay, on the
volume.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pulumi_random as random
from pulumi import ComponentResource, Output, ResourceOptions

from components.placements.docker import DockerHost, DockerHostArgs, Guest
from components.services.redis import PORT, OwnRedis, own_redis_workload
from settings import Settings
from tenants.model import Tenant
from tenants.own_redis import forward_of, health_password, keeper_password
from tenants.silos import host_of
from tenants.tiers import REDIS_SIZES, redis_memory_mb

__all__ = ["TenantRedis", "TenantRedisArgs"]


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
