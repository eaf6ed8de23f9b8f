"""Which SSH forwards lead to the database servers and to the services that operators reach.

They are computed from the settings, so they are known before the run.
Opening them is `hosts.tunnel`'s business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from settings.database_server import DatabaseServer
from settings.naming import Names
from settings.networks import DATA_SUBNET, docker_subnets
from settings.parts import Host
from settings.places import Place

if TYPE_CHECKING:
    from settings.services.service import Operated

__all__ = [
    "REDIS_PLACES",
    "Forward",
    "forward_of",
    "operated_address",
    "operated_forward",
    "redis_address",
]

POSTGRES_PORT = 5432
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


def forward_of(server: DatabaseServer, index: int, first_port: int, names: Names, hosts: Iterable[Host]) -> Forward:
    """The forward that leads to the database server at that place of the list."""
    through, target = server.placement.forwarded(server.name, index, names, hosts)
    return Forward(server.name, first_port + index, through, target, POSTGRES_PORT)


def operated_address(host: Host, operated: Operated) -> str:
    """The fixed address, in a host's data network, of a service that operators reach."""
    return str(docker_subnets(host)[DATA_SUBNET][operated.address])


def redis_address(host: Host, place: int) -> str:
    """The fixed address, in a host's data network, of a tenant's own Redis. `place`: from 1 on, as its file says."""
    return str(docker_subnets(host)[DATA_SUBNET][FIRST_REDIS_ADDRESS + place - 1])


def operated_forward(
    service: str, operated: Operated, placement: Place, first_port: int, hosts: Iterable[Host]
) -> Forward:
    """The forward that leads to a service that operators reach."""
    host = next(host for host in hosts if host.name == placement.machine)
    target = operated_address(host, operated)
    return Forward(service, first_port + operated.local_port, host.name, target, operated.port)
