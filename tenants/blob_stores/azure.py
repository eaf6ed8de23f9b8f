"""Containers in a storage account of Azure, each with an identity that reaches it alone."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING

from pulumi import ComponentResource, CustomResource, Output, ProviderResource, ResourceOptions, get

from tenants.blob_stores.store import BlobContainerArgs, BlobStore, resource
from tenants.names import TenantNames
from tenants.platform import Blobs
from tenants.residue.left import Left, Sought

if TYPE_CHECKING:
    from tenants.session import PlatformSession
    from tenants.steps.step import PartStore

__all__ = ["CONTRIBUTOR", "STORE", "azure_provider"]

WRITES = 3
"""To Azure: container, identity, role assignment. Reads are counted apart, and more are allowed."""
STORAGE_API, IDENTITY_API, AUTHORIZATION_API = "2024-01-01", "2023-01-31", "2022-04-01"
REACH = "azure-native:authorization:RoleAssignment"

# Microsoft's built-in role "Storage Blob Data Contributor":
# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage
CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"


def azure_provider(name: str, blobs: Blobs) -> ProviderResource:
    """Azure, in the platform's subscription."""
    where = {"subscriptionId": blobs.subscription_id, "tenantId": blobs.tenant_id}
    return ProviderResource("azure-native", name, where, ResourceOptions(version=version("pulumi-azure-native")))


def _on_azure(parent: ComponentResource, name: str, args: BlobContainerArgs) -> Output[str]:
    blobs, wanted = args.blobs, args.names.blobs
    container = resource(
        "azure-native:storage:BlobContainer",
        f"{name}-container",
        {
            "containerName": wanted,
            "accountName": blobs.account,
            "resourceGroupName": blobs.resource_group,
            "publicAccess": "None",
            "metadata": {"tenant": args.names.slug},
        },
        parent,
        protect=True,
    )
    identity = resource(
        "azure-native:managedidentity:UserAssignedIdentity",
        f"{name}-identity",
        {
            "resourceName": f"{blobs.prefix}-{wanted}",
            "resourceGroupName": blobs.resource_group,
            "location": blobs.location,
            "tags": args.tags,
            "principalId": None,  # Azure computes it
        },
        parent,
    )
    if args.is_open:
        _reached_by(parent, name, args, identity, container)
    return container.id.apply(lambda _: wanted)


def _reached_by(
    parent: ComponentResource, name: str, args: BlobContainerArgs, identity: CustomResource, container: CustomResource
) -> None:
    blobs = args.blobs
    definitions = f"/subscriptions/{blobs.subscription_id}/providers/Microsoft.Authorization/roleDefinitions"
    resource(
        REACH,
        f"{name}-reach",
        {
            "roleAssignmentName": args.role_assignment,
            "principalId": get(identity, "principalId"),
            "principalType": "ServicePrincipal",
            "roleDefinitionId": f"{definitions}/{CONTRIBUTOR}",
            "scope": container.id,
        },
        parent,
    )


def _left(session: PlatformSession, blobs: Blobs, sought: Sought) -> Iterator[Left]:
    """Asked as who is logged in at Azure. Whatever carries the tenant's tag or metadata counts, whatever its name."""
    from deploy.arm import listed

    group = f"/subscriptions/{blobs.subscription_id}/resourceGroups/{blobs.resource_group}/providers/Microsoft."
    containers = f"{group}Storage/storageAccounts/{blobs.account}/blobServices/default/containers"
    slug = sought.tenant.slug

    def identity_name(names: TenantNames) -> str:
        return f"{blobs.prefix}-{names.blobs}"

    for one in listed(session.place, containers, STORAGE_API):
        tagged = ((one.get("properties") or {}).get("metadata") or {}).get("tenant")
        if tagged == slug or (tagged is None and sought.carries(one["name"], _container, "-")):
            yield Left("Azure", f"the blob container {one['name']}", "az storage container-rm delete")
    for one in listed(session.place, f"{group}ManagedIdentity/userAssignedIdentities", IDENTITY_API):
        tagged = (one.get("tags") or {}).get("tenant")
        if tagged == slug or (tagged is None and sought.carries(one["name"], identity_name, "-")):
            yield Left("Azure", f"the identity {one['name']}", "az identity delete")
    for one in listed(session.place, f"{group}Authorization/roleAssignments", AUTHORIZATION_API):
        scope = str((one.get("properties") or {}).get("scope", "")).lower()
        container = scope.removeprefix(f"{containers}/".lower())
        if container != scope and sought.carries(container, _container, "-"):
            yield Left("Azure", f"the role assignment {one['name']}", "az role assignment delete")


def _container(names: TenantNames) -> str:
    return names.blobs


def _files(session: PlatformSession, blobs: Blobs, names: TenantNames) -> PartStore:
    """By the data plane of the storage account: the tenant's own identity is not needed for it."""
    from deploy.blob_objects import blobs_of
    from tenants.archive.blobs import BlobStore as Files

    return Files(blobs_of(session.place, blobs.account, names.blobs), "blobs")


STORE = BlobStore(
    vendor="Azure",
    provider=lambda blobs, _: azure_provider("azure", blobs),
    declare=_on_azure,
    left=_left,
    requests={"azure-native": WRITES},
    files=_files,
    open_while_there={REACH: "blobs"},
)
