"""Where instances of tenants' own run: on the host of the reverse proxy; what has a database, beside its server."""

from __future__ import annotations

from deploy.guards import NotReady
from settings import Settings
from settings.hosts import LocalHost, RemoteHost

__all__ = ["host_of", "refuse_no_silo"]


def host_of(settings: Settings) -> RemoteHost | LocalHost:
    """The host of the reverse proxy to which tenants' names lead."""
    proxy = settings.services.traefik
    if proxy is None:
        raise NotReady("a tenant's own n8n needs the reverse proxy. Fix: smarteros:services/traefik in the settings")
    return next(host for host in settings.hosts if host.name == proxy.placement.host)


def refuse_no_silo(settings: Settings) -> None:
    """Its database must be on the same host, in whose network they find each other."""
    host, tenants = host_of(settings), settings.services.tenants
    place = settings.database_server(tenants.database).placement if tenants is not None else None
    if place is None or place.machine != host.name:
        raise NotReady(
            f"a tenant's own n8n runs on host {host.name}, and tenants' database server is not there. Fix: n8n: pool, "
            "or a database server for tenants on that host"
        )
