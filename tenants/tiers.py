"""What a tenant may use at most, by its tier. A file may ask for less, never for more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from settings.parts import Setting

__all__ = ["SILOS", "SILO_SIZES", "TIERS", "Quotas", "SiloSize", "Tier", "WantedQuotas"]

Tier = Literal["basic", "pro", "enterprise"]


class Quotas(Setting):
    """How much of what everybody shares one tenant may use."""

    database_connections: int = Field(ge=1, description="Open connections to its database at once")
    redis_keys_mb: int = Field(ge=1, description="What its keys in Redis may hold together, in MB; told, not enforced")
    storage_gb: int = Field(ge=1, description="What its blob container may hold, in GB; told, not enforced")
    custom_domains: int = Field(ge=0, description="Domains of its own beside its name in the zone")
    channels: int = Field(ge=0, description="Numbers, addresses and bots over which people write to it")


class WantedQuotas(Setting):
    """What a tenant's file may say of its quotas: what it leaves out is its tier's."""

    database_connections: Annotated[int, Field(ge=1)] | None = Field(None, description="Connections to its database")
    redis_keys_mb: Annotated[int, Field(ge=1)] | None = Field(None, description="Its keys in Redis, in MB")
    storage_gb: Annotated[int, Field(ge=1)] | None = Field(None, description="Its blob container, in GB")
    custom_domains: Annotated[int, Field(ge=0)] | None = Field(None, description="Its own domains")
    channels: Annotated[int, Field(ge=0)] | None = Field(None, description="Its numbers, addresses and bots")


def _quotas(connections: int, redis_mb: int, storage_gb: int, domains: int, channels: int) -> Quotas:
    return Quotas.model_validate(
        {
            "databaseConnections": connections,
            "redisKeysMb": redis_mb,
            "storageGb": storage_gb,
            "customDomains": domains,
            "channels": channels,
        }
    )


# Sixty small tenants share one server: docs/capacity.md has the sum of their connections.
TIERS: Mapping[Tier, Quotas] = {
    "basic": _quotas(5, 16, 5, 1, 3),
    "pro": _quotas(10, 64, 25, 3, 10),
    "enterprise": _quotas(20, 256, 250, 10, 50),
}


@dataclass(frozen=True, kw_only=True)
class SiloSize:
    """What an instance of a tenant's own may use."""

    cpu: float
    memory_mb: int
    connections: int
    """To its database: n8n keeps two, and opens them anew while an old one still runs."""


SILO_SIZES: Mapping[Tier, SiloSize] = {
    "pro": SiloSize(cpu=0.5, memory_mb=1024, connections=5),
    "enterprise": SiloSize(cpu=1.0, memory_mb=2048, connections=10),
}
SILOS: Mapping[Tier, frozenset[str]] = {
    "basic": frozenset(),
    "pro": frozenset({"n8n"}),
    "enterprise": frozenset({"n8n"}),
}
"""Which services a tenant of a tier may have an instance of its own of."""
