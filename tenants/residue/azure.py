"""Of Azure: the blob container, the identity, and who was let in to the container."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.arm import listed
from tenants.ground import Ground
from tenants.model import Tenant
from tenants.residue.left import Left

__all__ = ["left"]

STORAGE, IDENTITY, AUTHORIZATION = "2024-01-01", "2023-01-31", "2022-04-01"


def left(ground: Ground, tenant: Tenant) -> Iterator[Left]:
    """Asked as who is logged in at Azure. Whatever carries the tenant's tag or metadata counts, whatever its name."""
    blobs = ground.platform.blobs
    if blobs is None or blobs.kind != "azure":
        return
    group = f"/subscriptions/{blobs.subscription_id}/resourceGroups/{blobs.resource_group}/providers/Microsoft."
    slug, name = tenant.slug, tenant.names.blobs
    containers = f"{group}Storage/storageAccounts/{blobs.account}/blobServices/default/containers"
    for one in listed(ground.place, containers, STORAGE):
        if one["name"] == name or ((one.get("properties") or {}).get("metadata") or {}).get("tenant") == slug:
            yield Left("Azure", f"the blob container {one['name']}", "az storage container-rm delete")
    for one in listed(ground.place, f"{group}ManagedIdentity/userAssignedIdentities", IDENTITY):
        if one["name"] == f"{blobs.prefix}-{name}" or (one.get("tags") or {}).get("tenant") == slug:
            yield Left("Azure", f"the identity {one['name']}", "az identity delete")
    scope = f"{containers}/{name}".lower()
    for one in listed(ground.place, f"{group}Authorization/roleAssignments", AUTHORIZATION):
        if str((one.get("properties") or {}).get("scope", "")).lower() == scope:
            yield Left("Azure", f"the role assignment {one['name']}", "az role assignment delete")
