"""What a tenant may use at most, by its tier. A file may ask for less, never for more.

Nothing is enforced here: PostgreSQL and the guard keep the limits of a database, a container its own; how much lies in
a blob container is only reported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

from pydantic import Field

from settings.parts import Setting

__all__ = [
    "REDIS_SIZES",
    "SESSION_LIMITS",
    "SILOS",
    "SILO_SIZES",
    "TIERS",
    "Quotas",
    "RedisSize",
    "SessionLimits",
    "SiloSize",
    "Tier",
    "WantedQuotas",
    "limits_comment",
    "redis_memory_mb",
]

Tier = Literal["basic", "pro", "enterprise"]


class Quotas(Setting):
    """How much of what everybody shares one tenant may use."""

    database_connections: int = Field(ge=1, description="Open connections to its database at once")
    database_mb: int = Field(
        ge=1, description="What its database may fill of the disk, in MB; over it its role is closed"
    )
    redis_keys_mb: int = Field(ge=0, description="What its own Redis may hold, in MB; 0: the tier has none")
    storage_gb: int = Field(ge=1, description="What its blob container may hold, in GB; told, not enforced")
    custom_domains: int = Field(ge=0, description="Domains of its own beside its name in the zone")
    channels: int = Field(ge=0, description="Numbers, addresses and bots over which people write to it")


class WantedQuotas(Setting):
    """What a tenant's file may say of its quotas: what it leaves out is its tier's."""

    database_connections: Annotated[int, Field(ge=1)] | None = Field(None, description="Connections to its database")
    database_mb: Annotated[int, Field(ge=1)] | None = Field(None, description="Its database on the disk, in MB")
    redis_keys_mb: Annotated[int, Field(ge=1)] | None = Field(None, description="What its own Redis may hold, in MB")
    storage_gb: Annotated[int, Field(ge=1)] | None = Field(None, description="Its blob container, in GB")
    custom_domains: Annotated[int, Field(ge=0)] | None = Field(None, description="Its own domains")
    channels: Annotated[int, Field(ge=0)] | None = Field(None, description="Its numbers, addresses and bots")


def _quotas(connections: int, database_mb: int, redis_mb: int, storage_gb: int, domains: int, channels: int) -> Quotas:
    return Quotas.model_validate(
        {
            "databaseConnections": connections,
            "databaseMb": database_mb,
            "redisKeysMb": redis_mb,
            "storageGb": storage_gb,
            "customDomains": domains,
            "channels": channels,
        }
    )


# Sixty small tenants share one server: docs/capacity.md has the sum of their connections.
TIERS: Mapping[Tier, Quotas] = {
    "basic": _quotas(5, 2048, 0, 5, 1, 3),
    "pro": _quotas(10, 10240, 64, 25, 3, 10),
    "enterprise": _quotas(20, 51200, 256, 250, 10, 50),
}


@dataclass(frozen=True, kw_only=True)
class SessionLimits:
    """How long a session may do one thing; the guard of the server ends it then (docs/tenants.md)."""

    statement_s: int
    idle_in_transaction_s: int
    """How long it may hold a transaction open and do nothing."""
    transaction_s: int
    """How long a transaction may last, whatever happens in it: nothing that was deleted since goes before its end."""


SESSION_LIMITS: Mapping[Tier, SessionLimits] = {
    "basic": SessionLimits(statement_s=60, idle_in_transaction_s=60, transaction_s=300),
    "pro": SessionLimits(statement_s=300, idle_in_transaction_s=120, transaction_s=900),
    "enterprise": SessionLimits(statement_s=1800, idle_in_transaction_s=300, transaction_s=3600),
}


def limits_comment(tier: Tier, connections: int, database_mb: int) -> str:
    """What a role may use, as its comment says it and the guard reads it (provider/migrations/guard)."""
    limits = {"connections": connections, "database_mb": database_mb, **asdict(SESSION_LIMITS[tier])}
    return f"smarteros {json.dumps(limits, sort_keys=True)}"


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


@dataclass(frozen=True, kw_only=True)
class RedisSize:
    """What a tenant's own Redis may use, beside what its keys may hold (quotas/redisKeysMb)."""

    cpu: float
    clients: int


REDIS_SIZES: Mapping[Tier, RedisSize] = {
    "pro": RedisSize(cpu=0.25, clients=50),
    "enterprise": RedisSize(cpu=0.5, clients=200),
}
"""Of the tiers that may have one. Sixty of the tier basic share no Redis and cost none."""
REDIS_SERVER_MB = 32


def redis_memory_mb(keys_mb: int) -> int:
    """What its container may use: the log is written anew beside the keys, and what changes meanwhile is held twice."""
    return 2 * keys_mb + REDIS_SERVER_MB
