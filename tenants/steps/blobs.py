"""The tenant's blob container: in a storage account of Azure with an identity that reaches this one alone, or a bucket.

The vendors' SDKs take a second to import and would be used for two or three resources: so these are declared by their
tokens. That their inputs are those of the SDKs is what the tests of this module say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from pulumi import ComponentResource, CustomResource, Output, ProviderResource, ResourceOptions, get

from tenants.names import TenantNames
from tenants.platform import Blobs

__all__ = ["BlobContainer", "BlobContainerArgs", "azure_provider"]

# Microsoft's built-in role "Storage Blob Data Contributor":
# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage
CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"


def azure_provider(name: str, blobs: Blobs) -> ProviderResource:
    """Azure, in the platform's subscription."""
    where = {"subscriptionId": blobs.subscription_id, "tenantId": blobs.tenant_id}
    return ProviderResource("azure-native", name, where, ResourceOptions(version=version("pulumi-azure-native")))


@dataclass(frozen=True, kw_only=True)
class BlobContainerArgs:
    """Where, and the tenant's names. The vendor's provider comes with the options."""

    blobs: Blobs
    names: TenantNames
    tags: Mapping[str, str]
    role_assignment: str
    """The GUID under which Azure keeps that the tenant's identity reaches it, and no other."""
    is_open: bool
    """Whether its identity reaches it. A bucket has no login of the tenant's."""


class BlobContainer(ComponentResource):
    """The container, private and protected."""

    container: Output[str]

    def __init__(self, name: str, args: BlobContainerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:tenants:BlobContainer", name, None, opts)
        self.container = _MAKERS[args.blobs.kind](self, name, args)
        self.register_outputs({"container": self.container})


def _resource(
    token: str, name: str, inputs: Mapping[str, Any], parent: ComponentResource, *, protect: bool = False
) -> CustomResource:
    package = token.partition(":")[0]
    opts = ResourceOptions(parent=parent, protect=protect, version=version(f"pulumi-{package}"))
    return CustomResource(token, name, dict(inputs), opts)


def _on_azure(parent: ComponentResource, name: str, args: BlobContainerArgs) -> Output[str]:
    blobs, wanted = args.blobs, args.names.blobs
    container = _resource(
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
    identity = _resource(
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
    _resource(
        "azure-native:authorization:RoleAssignment",
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


def _on_r2(parent: ComponentResource, name: str, args: BlobContainerArgs) -> Output[str]:
    wanted = f"{args.blobs.prefix}-{args.names.blobs}"
    bucket = _resource(
        "cloudflare:index/r2Bucket:R2Bucket",
        f"{name}-bucket",
        {"accountId": args.blobs.account_id, "name": wanted},
        parent,
        protect=True,
    )
    return bucket.id.apply(lambda _: wanted)


_MAKERS: Mapping[str, Callable[[ComponentResource, str, BlobContainerArgs], Output[str]]] = {
    "azure": _on_azure,
    "r2": _on_r2,
}
