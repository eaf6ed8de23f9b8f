"""Of Pulumi's own state: the stack."""

from __future__ import annotations

from collections.abc import Iterator

from tenants.ground import Ground
from tenants.model import Tenant
from tenants.residue.left import Left
from tenants.state import stacks_of
from tenants.workfolder import folder_of

__all__ = ["left"]


def left(ground: Ground, tenant: Tenant) -> Iterator[Left]:
    """Read anew: the ground knows what was there when it was made."""
    project = stacks_of(ground.place, folder_of(ground.place, "")).get(tenant.slug)
    if project is not None:
        yield Left("Pulumi's state", f"the stack {tenant.slug} of {project}", f"./smos tenant delete {tenant.slug}")
