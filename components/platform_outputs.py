"""What others may know of a platform: its output `platform`, which the tenants' project reads. No secret is in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.placements import DatabaseServer
from components.services.context import ServiceOutputs
from components.services.postgres import PROVISIONER, PROVISIONER_LOGIN
from components.services.redis import PROVISIONER as REDIS_PROVISIONER
from components.services.tenants import TEMPLATE
from settings import Settings
from settings.addresses import EDGE
from settings.wiring import announced, calls_of

__all__ = ["outputs_of", "takes_domains"]


def takes_domains(settings: Settings) -> bool:
    """Whether tenants' own domains lead here. A zone has one fallback origin, and a standby leaves it alone."""
    services = settings.services
    wanted = services.tenants is not None and services.tenants.custom_domains
    return wanted and services.traefik is not None and not settings.standby


def outputs_of(
    settings: Settings, servers: Mapping[str, DatabaseServer], made: Mapping[str, ServiceOutputs]
) -> dict[str, Any]:
    """`servers`: the database servers; `made`: what each service that runs has returned."""
    return {
        "system": settings.system,
        "environment": settings.stack,
        "standby": settings.standby,
        "domain": settings.domain,
        "zoneId": settings.cloudflare.zone_id if settings.cloudflare else None,
        "urls": {key: one.url for key, one in made.items() if one.url is not None},
        "databaseServers": _database_servers(settings, servers),
        "tenants": _for_tenants(settings, made),
        **_operated(settings),
        "wiring": {call.name: announced(settings, call) for call in calls_of(settings)},
        "placements": {
            key: service["placement"]["where"]
            for key, service in settings.services.model_dump(by_alias=True).items()
            if service and "placement" in service
        },
    }


def _database_servers(settings: Settings, servers: Mapping[str, DatabaseServer]) -> dict[str, Any]:
    return {
        forward.name: {
            "host": servers[forward.name].host,
            "localPort": forward.local_port,
            "through": forward.host,
            "targetHost": forward.target_host,
            "targetPort": forward.target_port,
            "sslmode": "require" if servers[forward.name].tls else "disable",
            "provisioner": PROVISIONER_LOGIN,
            "placement": settings.database_server(forward.name).placement.where,
        }
        for forward in (settings.forward(server.name) for server in settings.database_servers)
    }


def _for_tenants(settings: Settings, made: Mapping[str, ServiceOutputs]) -> dict[str, Any] | None:
    """Where tenants' parts are made, and where their names lead; None where there is no place for tenants, or no zone
    for their names.
    """
    services = settings.services
    if services.tenants is None or services.traefik is None or settings.cloudflare is None:
        return None
    redis = next((one.redis for one in made.values() if one.redis is not None), None)
    return {
        "databaseServer": services.tenants.database,
        "template": TEMPLATE,
        "provisioner": PROVISIONER,
        "customDomains": takes_domains(settings),
        "edgeName": settings.fqdn(EDGE),
        "holdingName": settings.fqdn(services.holding.hostname if services.holding else EDGE),
        "redisHost": redis.host if redis else None,
        "redisLogin": REDIS_PROVISIONER,
        "blobs": next((one.blobs for one in made.values() if one.blobs is not None), None),
    }


def _operated(settings: Settings) -> dict[str, dict[str, Any] | None]:
    """How each service that operators reach is reached, or None where it does not run."""
    there = dict(settings.services.running())
    found: dict[str, dict[str, Any] | None] = {}
    for key in settings.services.operated():
        to = settings.forward(key) if key in there else None
        found[key] = {"localPort": to.local_port, "through": to.host} if to else None
    return found
