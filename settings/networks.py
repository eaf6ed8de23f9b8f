"""The private networks of a host and the fixed addresses in them: arithmetic over its
`networkCidr`, known before a run.

Which forwards lead to these addresses says settings.tunnels.
"""

from __future__ import annotations

import ipaddress

from settings.parts import Host

__all__ = ["DATA_SUBNET", "EDGE_SUBNET", "data_address", "docker_subnets"]

EDGE_SUBNET, DATA_SUBNET, SOCKET_SUBNET = 0, 1, 2
FIRST_FIXED_ADDRESS = 10


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
