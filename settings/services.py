"""What each service may be told. A service runs only if its key is there; where it can run is in its type."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from settings.parts import AzureBlobs, Name, OnAzure, OnDocker, OnR2, Setting
from settings.problems import fault

__all__ = ["Knowledge", "N8n", "Redis", "Services", "Storage", "Traefik", "Vault"]


def _is_hostname(value: str) -> str:
    if value != "*" and not re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", value):
        raise fault("not a host name", "a name inside the zone, as in n8n")
    return value


def _is_container_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:-?[a-z0-9]){2,62}", value):
        raise fault("a blob container has 3 to 63 lower-case letters, digits and single hyphens", "as in backups")
    return value


Hostname = Annotated[str, AfterValidator(_is_hostname)]
Anywhere = Annotated[OnAzure | OnDocker, Field(discriminator="where")]


class N8n(Setting):
    """The workflow engine, as one process."""

    placement: Anywhere = Field(description="Where it runs")
    hostname: Hostname = Field(description="Its name in the zone")
    database: Name = Field(description="Which one of smarteros:databaseServers holds its database")
    cpu: float = Field(0.5, ge=0.25, description="How many CPUs it may use")
    memory_mb: int = Field(1024, ge=512, description="How much memory it may use, in MB")
    timezone: str = Field("America/Santiago", description="The zone in which schedules are meant")


class Redis(Setting):
    """Queues and caches of the services on the same host."""

    placement: OnDocker = Field(description="Where it runs")
    memory_mb: int = Field(512, ge=64, description="How much memory the container may use, in MB")


class Traefik(Setting):
    """The reverse proxy of a host: the only one there that publishes ports."""

    placement: OnDocker = Field(description="Where it runs")
    hostname: Hostname = Field("*", description="The name that leads to it; * is every name without a record")
    memory_mb: int = Field(256, ge=128, description="How much memory the proxy may use, in MB")


class Knowledge(Setting):
    """The assistants' knowledge base: a database with vectors."""

    database: Name = Field(description="Which one of smarteros:databaseServers holds it")


class Tenants(Setting):
    """A place for tenants: each has a database there, and a name that leads to the reverse proxy."""

    database: Name = Field(description="Which one of smarteros:databaseServers holds their databases")


class Storage(Setting):
    """Files and backups, as blobs."""

    placement: Annotated[AzureBlobs | OnR2, Field(discriminator="where")] = Field(description="Where it is")
    containers: tuple[Annotated[str, AfterValidator(_is_container_name)], ...] = Field(
        ("backups", "knowledge", "attachments"), min_length=1, description="The blob containers"
    )


class Vault(Setting):
    """Secrets of tenants and applications, unsealed with keys of the keyring."""

    placement: OnDocker = Field(description="Where it runs")
    flavour: Literal["vault", "openbao"] = Field("vault", description="HashiCorp's Vault, or its open fork OpenBao")
    memory_mb: int = Field(512, ge=256, description="How much memory the container may use, in MB")
    key_shares: int = Field(5, ge=1, le=20, description="Into how many shares the key that opens it is split")
    key_threshold: int = Field(3, ge=1, le=20, description="How many of the shares open it")

    @field_validator("key_threshold")
    @classmethod
    def _reachable(cls, value: int, info: ValidationInfo) -> int:
        shares = int(info.data.get("key_shares", value))
        if value > shares:
            raise fault(f"there are only {shares} shares", "at most keyShares")
        if value == 1 and shares > 1:
            raise fault("one share alone would open it", "2 or more, or keyShares: 1")
        return value


class Services(Setting):
    """What runs."""

    n8n: N8n | None = Field(None, description="The workflow engine")
    redis: Redis | None = Field(None, description="Queues and caches")
    traefik: Traefik | None = Field(None, description="The reverse proxy of a host")
    knowledge: Knowledge | None = Field(None, description="The assistants' knowledge base")
    storage: Storage | None = Field(None, description="Files and backups")
    tenants: Tenants | None = Field(None, description="A place for tenants")
    vault: Vault | None = Field(None, description="Secrets of tenants and applications")
