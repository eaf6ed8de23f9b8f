"""Whether there is room for instances of tenants' own. How much memory each takes, its step says."""

from __future__ import annotations

from collections.abc import Iterable

from deploy.guards import NotReady
from settings import Settings
from settings.capacity import host_capacity
from tenants.model import Tenant
from tenants.own_host import host_of
from tenants.steps import steps

__all__ = ["own_memory_mb", "refuse_no_room", "with_own"]


def refuse_no_room(settings: Settings, tenants: Iterable[Tenant]) -> None:
    """Refuses instances that the host has no memory for, or whose data it doesn't have, before anything is made.
    `tenants`: all that the platform has; of a suspended one nothing runs, but it may come back: it counts.
    """
    having = [one for one in tenants if one.has_own_instances]
    if not having:
        return
    host = host_of(settings)
    for one in having:
        for step in steps():
            step.refuse(settings, one)
    silos = {one.slug: own_memory_mb(one) for one in having}
    memory = host_capacity(host, settings.database_servers, settings.services).memory
    wanted = sum(silos.values())
    if memory.used + wanted > memory.room:
        theirs = ", ".join(f"{slug} {size}" for slug, size in sorted(silos.items()))
        raise NotReady(
            f"host {host.name} has {memory.room:g} MB for containers: the platform's may use {memory.used:g}, tenants' "
            f"own n8n and Redis {wanted} ({theirs}). Fix: a larger host, n8n: pool or no redis for one of them, or a "
            "smaller tier"
        )


def with_own(service: str, tenants: Iterable[Tenant]) -> list[Tenant]:
    """Who runs an instance of a service of his own now, in the order of the waves."""
    having = [step for step in steps() if step.instance_of == service]
    found = [one for one in tenants if one.state == "active" and any(step.memory_mb(one) for step in having)]
    return sorted(found, key=lambda one: (one.wave, one.slug))


def own_memory_mb(tenant: Tenant) -> int:
    """What the containers of a tenant's own may use together."""
    return sum(step.memory_mb(tenant) for step in steps())
