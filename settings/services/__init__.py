"""What each service may be told: one file a service. A service without a key does not run.

The services of every platform are put together here; those of one system, in settings/systems/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from settings.parts import Setting
from settings.redis_commands import RedisAccess
from settings.services.data import Tenants
from settings.services.holding import Holding
from settings.services.redis import Redis
from settings.services.service import Container, Operated, Service
from settings.services.storage import Storage
from settings.services.traefik import Traefik
from settings.services.vault import Vault

__all__ = [
    "Container",
    "Holding",
    "PlatformServices",
    "Redis",
    "Service",
    "Storage",
    "Tenants",
    "Traefik",
    "Vault",
]


class PlatformServices(Setting):
    """What every platform can run. A system adds its own."""

    redis: Redis | None = Field(None, description="Queues and caches")
    traefik: Traefik | None = Field(None, description="The reverse proxy of a host")
    holding: Holding | None = Field(None, description="The page where a tenant is suspended, or nobody answers")
    storage: Storage | None = Field(None, description="Files and backups")
    tenants: Tenants | None = Field(None, description="A place for tenants")
    vault: Vault | None = Field(None, description="Secrets of tenants and applications")

    def running(self) -> Iterator[tuple[str, Service]]:
        """Each service that runs, by its key in the settings."""
        for key in type(self).model_fields:
            service = getattr(self, key)
            if service is not None:
                yield key, service

    @classmethod
    def kinds(cls) -> Iterator[tuple[str, type[Service]]]:
        """Each service that there can be, by its key; once for each of its kinds."""
        for key, field in cls.model_fields.items():
            for kind in _models(field.annotation):
                yield key, kind

    @classmethod
    def kinds_of(cls, key: str) -> tuple[type[Service], ...]:
        """The kinds of one service, in the order in which its field names them."""
        return tuple(kind for name, kind in cls.kinds() if name == key)

    @classmethod
    def operated(cls) -> Mapping[str, Operated]:
        """Those that operators reach, and where."""
        return {key: kind.operated for key, kind in cls.kinds() if kind.operated is not None}

    @classmethod
    def redis_access(cls) -> Mapping[str, RedisAccess]:
        """What those that log in at Redis may do there."""
        return {key: kind.redis_access for key, kind in cls.kinds() if kind.redis_access is not None}


def _models(annotation: Any) -> Iterator[type[Service]]:
    """The services inside a type: its key is optional, and some come in several kinds."""
    if isinstance(annotation, type) and issubclass(annotation, Service):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models(inner)
