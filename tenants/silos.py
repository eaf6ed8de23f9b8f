"""Where instances of tenants' own run, and whether there is room for them: on the host of the reverse proxy; what has a
database, beside the server that it is on. How much memory each takes, its step says.
"""

from __future__ import annotations

from collections.abc import Iterable

from deploy.guards import NotReady
from settings import Settings
from settings.capacity import host_capacity
from settings.hosts import LocalHost, RemoteHost
from tenants.model import Tenant
from tenants.steps import steps

__all__ = ["host_of", "own_memory_mb", "refuse_no_room", "refuse_no_silo"]


def host_of(settings: Settings) -> RemoteHost | LocalHost:
    """The host of the reverse proxy to which tenants' names lead."""
    proxy = settings.services.traefik
    if proxy is None:
        raise NotReady("a tenant's own n8n needs the reverse proxy. Mend: smarteros:services/traefik in the settings")
    return next(host for host in settings.hosts if host.name == proxy.placement.host)


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
            f"own n8n and Redis {wanted} ({theirs}). Mend: a larger host, n8n: pool or no redis for one of them, or a "
            "smaller tier"
        )


def own_memory_mb(tenant: Tenant) -> int:
    """What the containers of a tenant's own may use together."""
    return sum(step.memory_mb(tenant) for step in steps())


def refuse_no_silo(settings: Settings) -> None:
    """Its database must be on the same host, in whose network they find each other."""
    host, tenants = host_of(settings), settings.services.tenants
    place = settings.database_server(tenants.database).placement if tenants is not None else None
    if place is None or place.machine != host.name:
        raise NotReady(
            f"a tenant's own n8n runs on host {host.name}, and tenants' database server is not there. Mend: n8n: pool, "
            "or a database server for tenants on that host"
        )
