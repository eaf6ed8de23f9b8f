"""Which SSH forwards lead to the database servers and to the services that operators reach.

They are computed from the settings, so they are known before the run.
Opening them is `hosts.tunnel`'s business.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from settings.naming import Names
from settings.parts import AzurePostgres, DatabaseServer, Host, OnDocker

__all__ = [
    "DATA_SUBNET",
    "EDGE_SUBNET",
    "OPERATED",
    "REDIS_PLACES",
    "Forward",
    "data_address",
    "docker_subnets",
    "forward_of",
    "operated_address",
    "operated_forward",
    "redis_address",
]

POSTGRES_PORT = 5432
EDGE_SUBNET, DATA_SUBNET, SOCKET_SUBNET = 0, 1, 2
FIRST_FIXED_ADDRESS = 10
OPERATED = {"vault": (100, 8200, 40), "redis": (101, 6379, 41)}
"""Service → the last number of its address, its port, and how far its local port is from the first one: so a new
database server moves none of them.
"""

FIRST_REDIS_ADDRESS, REDIS_PLACES = 30, 70
"""Between the database servers and what operators reach: where tenants' own Redises are, each at a place of its own."""


@dataclass(frozen=True)
class Forward:
    """One local port that leads, through a host's SSH server, to a target that only the host can reach."""

    name: str
    local_port: int
    host: str
    target_host: str
    target_port: int


def docker_subnets(host: Host) -> list[ipaddress.IPv4Network]:
    """The /24 of a host's networks: edge, data, socket."""
    subnets = ipaddress.IPv4Network(host.network_cidr).subnets(new_prefix=24)
    return [next(subnets) for _ in range(3)]


def data_address(host: Host, index: int) -> str:
    """A fixed address in a host's data network. The host itself can reach it; nothing outside can.

    An internal network publishes no ports and a host does not resolve its containers' names: so the address
    is fixed.
    """
    return str(docker_subnets(host)[DATA_SUBNET][FIRST_FIXED_ADDRESS + index])


def forward_of(server: DatabaseServer, index: int, first_port: int, names: Names, hosts: Iterable[Host]) -> Forward:
    """The forward that leads to the database server at that place of the list."""
    local_port = first_port + index
    placement = server.placement
    if isinstance(placement, AzurePostgres):
        target = f"{names.postgres_server(server.name)}.postgres.database.azure.com"
        return Forward(server.name, local_port, placement.through, target, POSTGRES_PORT)
    host = next(host for host in hosts if host.name == placement.host)
    return Forward(server.name, local_port, host.name, data_address(host, index), POSTGRES_PORT)


def operated_address(host: Host, service: str) -> str:
    """The fixed address, in a host's data network, of a service that operators reach."""
    return str(docker_subnets(host)[DATA_SUBNET][OPERATED[service][0]])


def redis_address(host: Host, place: int) -> str:
    """The fixed address, in a host's data network, of a tenant's own Redis. `place`: from 1 on, as its file says."""
    return str(docker_subnets(host)[DATA_SUBNET][FIRST_REDIS_ADDRESS + place - 1])


def operated_forward(service: str, placement: OnDocker, first_port: int, hosts: Iterable[Host]) -> Forward:
    """The forward that leads to a service that operators reach."""
    host = next(host for host in hosts if host.name == placement.host)
    _, port, offset = OPERATED[service]
    return Forward(service, first_port + offset, host.name, operated_address(host, service), port)
