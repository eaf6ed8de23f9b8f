"""Changes that the pack must refuse, as data. Each begins at what the program really declares."""

from __future__ import annotations

from tests.policy.mutations import (
    of_azure,
    of_breaches,
    of_cloudflare,
    of_docker,
    of_hosts,
    of_postgresql,
    of_secrets,
    of_tenants,
    of_vault,
)
from tests.policy.mutations.mutation import Mutation

__all__ = ["BREACHES", "INTENT"]

_TABLES = (of_docker, of_hosts, of_azure, of_cloudflare, of_postgresql, of_vault, of_tenants, of_secrets)
INTENT: tuple[Mutation, ...] = tuple(one for table in _TABLES for one in table.MUTATIONS)
"""From the rules' intent and the vendors' documentation."""
BREACHES: tuple[Mutation, ...] = tuple(of_breaches.MUTATIONS)
"""What passed once."""
