"""Is anything of a tenant left anywhere? Each vendor is asked for all that carries it, as Pulumi's state is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from tenants.ground import Ground
from tenants.model import Tenant
from tenants.residue import azure, cloudflare, hosts, postgres, redis, state, vault
from tenants.residue.left import Left, Sought

__all__ = ["SEARCHERS", "Left", "Sought", "left_of"]

SEARCHERS: Mapping[str, Callable[[Ground, Sought], Iterator[Left]]] = {
    "PostgreSQL": postgres.left,
    "Redis": redis.left,
    "Vault": vault.left,
    "Cloudflare": cloudflare.left,
    "Azure": azure.left,
    "Docker": hosts.left,
    "Pulumi's state": state.left,
}


def left_of(ground: Ground, tenant: Tenant, slugs: Iterable[str]) -> list[Left]:
    """Everything that is left; an empty list is the proof. Raises NotReady when somebody can't be asked.

    `slugs`: of every tenant of the registry; those with a live stack count too.
    """
    sought = Sought.among(tenant, {*slugs, *ground.stacks})
    return [found for search in SEARCHERS.values() for found in search(ground, sought)]
