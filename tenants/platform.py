"""What a tenant's stack knows of the platform: its output `platform`, which holds no secret, read from its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy.guards import NotReady
from deploy.target import PROJECT, Workplace
from tenants.state import deployment, outputs_of

__all__ = ["Platform", "Server", "Vault", "platform_of"]


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

    environment: str
    domain: str
    zone_id: str
    edge_address: str
    """The public address of the reverse proxy that answers for tenants."""
    server: Server
    vault: Vault | None


def platform_of(place: Workplace, stack: str) -> Platform:
    """The platform of an environment. Raises NotReady when it is not up, or has no place for tenants."""
    found = deployment(place, place.project, PROJECT, stack)
    output = outputs_of(found).get("platform") if found is not None else None
    if not output:
        raise NotReady(f"the platform {stack} is not up: tenants need it first. Mend: ./smos up {stack}")
    return read(output, stack)


def read(output: Mapping[str, Any], stack: str) -> Platform:
    """The platform that an output describes."""
    tenants = output.get("tenants")
    if not tenants:
        raise NotReady(
            f"the platform {stack} has no place for tenants. Mend: smarteros:services/tenants and traefik in "
            f"Pulumi.{stack}.yaml, then ./smos up {stack}"
        )
    name = str(tenants["databaseServer"])
    server = output["databaseServers"][name]
    vault = output.get("vault")
    return Platform(
        environment=str(output["environment"]),
        domain=str(output["domain"]),
        zone_id=str(output["zoneId"]),
        edge_address=str(tenants["edgeAddress"]),
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
    )
