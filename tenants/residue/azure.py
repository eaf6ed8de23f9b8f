"""Of Azure: the blob container, the identity, and who was let in to the container."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.arm import listed
from tenants.ground import Ground
from tenants.names import TenantNames
from tenants.residue.left import Left, Sought

__all__ = ["left"]

STORAGE, IDENTITY, AUTHORIZATION = "2024-01-01", "2023-01-31", "2022-04-01"


def left(ground: Ground, sought: Sought) -> Iterator[Left]:
    """Asked as who is logged in at Azure. Whatever carries the tenant's tag or metadata counts, whatever its name."""
    blobs = ground.platform.blobs
    if blobs is None or blobs.kind != "azure":
        return
    group = f"/subscriptions/{blobs.subscription_id}/resourceGroups/{blobs.resource_group}/providers/Microsoft."
    containers = f"{group}Storage/storageAccounts/{blobs.account}/blobServices/default/containers"
    slug = sought.tenant.slug

    def identity_name(names: TenantNames) -> str:
        return f"{blobs.prefix}-{names.blobs}"

    for one in listed(ground.place, containers, STORAGE):
        tagged = ((one.get("properties") or {}).get("metadata") or {}).get("tenant")
        if tagged == slug or (tagged is None and sought.carries(one["name"], _container, "-")):
            yield Left("Azure", f"the blob container {one['name']}", "az storage container-rm delete")
    for one in listed(ground.place, f"{group}ManagedIdentity/userAssignedIdentities", IDENTITY):
        tagged = (one.get("tags") or {}).get("tenant")
        if tagged == slug or (tagged is None and sought.carries(one["name"], identity_name, "-")):
            yield Left("Azure", f"the identity {one['name']}", "az identity delete")
    for one in listed(ground.place, f"{group}Authorization/roleAssignments", AUTHORIZATION):
        scope = str((one.get("properties") or {}).get("scope", "")).lower()
        container = scope.removeprefix(f"{containers}/".lower())
        if container != scope and sought.carries(container, _container, "-"):
            yield Left("Azure", f"the role assignment {one['name']}", "az role assignment delete")


def _container(names: TenantNames) -> str:
    return names.blobs
