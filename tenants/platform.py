"""What a tenant's stack knows of the platform: its output `platform`, which holds no secret, read from its state."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from deploy.guards import NotReady
from deploy.target import PROJECT, RunTarget
from tenants.state import deployment, outputs_of, resources_of

__all__ = ["Blobs", "Platform", "Redis", "Server", "Vault", "platform_of"]


@dataclass(frozen=True, kw_only=True)
class Server:
    """The database server on which tenants' databases are made, and who makes them."""

    name: str
    host: str
    local_port: int
    sslmode: str
    login: str
    """With which tenants' databases are made…"""
    provisioner: str
    """… and the role as which it acts."""
    template: str


@dataclass(frozen=True, kw_only=True)
class Redis:
    """Redis, as it is reached from here and from beside it."""

    local_port: int
    host: str
    login: str


@dataclass(frozen=True, kw_only=True)
class Blobs:
    """Where tenants' blob containers are made: a storage account of Azure, or buckets of R2."""

    kind: Literal["azure", "r2"]
    subscription_id: str = ""
    tenant_id: str = ""
    resource_group: str = ""
    location: str = ""
    account: str = ""
    account_id: str = ""
    """R2's account."""
    prefix: str = ""
    """Before each bucket's and identity's name."""


@dataclass(frozen=True, kw_only=True)
class Vault:
    """Vault, as it is reached from here."""

    local_port: int

    @property
    def address(self) -> str:
        """By the forward: TLS is SSH's."""
        return f"http://127.0.0.1:{self.local_port}"


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A platform that is up."""

    system: str
    environment: str
    domain: str
    zone_id: str
    edge_name: str
    """The name that leads to the reverse proxy that answers for tenants."""
    holding_name: str
    """The name of the page that a suspended tenant's visitors see."""
    server: Server
    vault: Vault | None
    custom_domains: bool = False
    """Whether it takes domains of tenants' own."""
    redis: Redis | None = None
    blobs: Blobs | None = None
    generation: str = ""
    """Of what it is made, and since when: another one after anything of it was made anew."""


def platform_of(place: RunTarget, stack: str) -> Platform:
    """The platform of an environment. Raises NotReady when it is not up, or has no place for tenants."""
    found = deployment(place, place.project, PROJECT, stack)
    output = outputs_of(found).get("platform") if found is not None else None
    if not output:
        raise NotReady(f"the platform {stack} is not up: tenants need it first. Fix: ./smos up {stack}")
    return replace(read(output, stack), generation=generation_of(found or {}))


def generation_of(found: Mapping[str, Any]) -> str:
    """Of a platform's state: a server that was made again is another one, though its name and address are the same."""
    made = sorted((str(one["urn"]), str(one.get("id")), str(one.get("created"))) for one in resources_of(found))
    return hashlib.sha256(json.dumps(made).encode()).hexdigest()


def read(output: Mapping[str, Any], stack: str) -> Platform:
    """The platform that an output describes."""
    tenants = output.get("tenants")
    if not tenants:
        raise NotReady(
            f"the platform {stack} has no place for tenants. Fix: smarteros:services/tenants and traefik in "
            f"Pulumi.{stack}.yaml, then ./smos up {stack}"
        )
    name = str(tenants["databaseServer"])
    server = output["databaseServers"][name]
    vault = output.get("vault")
    return Platform(
        system=str(output["system"]),
        environment=str(output["environment"]),
        domain=str(output["domain"]),
        zone_id=str(output["zoneId"]),
        custom_domains=tenants.get("customDomains") is True,
        edge_name=str(tenants["edgeName"]),
        holding_name=str(tenants["holdingName"]),
        server=Server(
            name=name,
            host=str(server["host"]),
            local_port=int(server["localPort"]),
            sslmode=str(server["sslmode"]),
            login=str(server["provisioner"]),
            provisioner=str(tenants["provisioner"]),
            template=str(tenants["template"]),
        ),
        vault=Vault(local_port=int(vault["localPort"])) if vault else None,
        redis=_redis(output, tenants),
        blobs=Blobs(**tenants["blobs"]) if tenants.get("blobs") else None,
    )


def _redis(output: Mapping[str, Any], tenants: Mapping[str, Any]) -> Redis | None:
    found = output.get("redis")
    if not found:
        return None
    return Redis(local_port=int(found["localPort"]), host=str(tenants["redisHost"]), login=str(tenants["redisLogin"]))
