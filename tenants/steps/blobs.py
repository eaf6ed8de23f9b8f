"""The tenant's blob container: in a storage account of Azure with an identity that reaches this one alone, or a bucket.

The vendors' SDKs take a second to import and would be used for two or three resources: so these are declared by their
tokens. That their inputs are those of the SDKs is what the tests of this module say.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pulumi import ComponentResource, CustomResource, Output, ProviderResource, ResourceOptions, get

from tenants.model import Tenant
from tenants.names import TenantNames
from tenants.platform import Blobs, Platform
from tenants.residue.left import Left, Sought
from tenants.steps.step import ArchivedPart, PartStore, Search, Step, StepContext, StepOutputs

if TYPE_CHECKING:
    from tenants.session import PlatformSession

__all__ = ["STEP", "BlobContainer", "BlobContainerArgs", "azure_provider"]

_NAMESPACE = uuid.UUID("b6f2c0de-51c5-4a56-a5ab-6d1c9f0b7e11")
CONTAINER = 3
"""Writes to Azure: container, identity, role assignment. Reads are counted apart, and more are allowed."""
BUCKET = 2
"""Requests to Cloudflare: it is made, and read until it is there."""
STORAGE_API, IDENTITY_API, AUTHORIZATION_API = "2024-01-01", "2023-01-31", "2022-04-01"

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


def _declare(ctx: StepContext) -> StepOutputs:
    blobs = ctx.platform.blobs
    if blobs is None:
        return StepOutputs()
    provider = azure_provider("azure", blobs) if blobs.kind == "azure" else ctx.providers.cloudflare
    made = BlobContainer(
        "blobs",
        BlobContainerArgs(
            blobs=blobs,
            names=ctx.tenant.names,
            tags=_tags(ctx),
            role_assignment=str(uuid.uuid5(_NAMESPACE, f"{blobs.subscription_id}/{blobs.account}/{ctx.tenant.slug}")),
            is_open=ctx.is_open,
        ),
        ResourceOptions(providers=[provider]),
    )
    return StepOutputs(known={"blobs": {"where": blobs.kind, "container": made.container}})


def _tags(ctx: StepContext) -> dict[str, str]:
    """Whose a thing is, where the vendor has tags."""
    whose = {"system": ctx.platform.system, "environment": ctx.platform.environment}
    return {**whose, "tenant": ctx.tenant.slug, "managed-by": "pulumi"}


def _requests(_tenant: Tenant, platform: Platform) -> Mapping[str, float]:
    kind = platform.blobs.kind if platform.blobs is not None else ""
    return {"cloudflare": BUCKET if kind == "r2" else 0, "azure-native": CONTAINER if kind == "azure" else 0}


def _retained(session: PlatformSession) -> Iterator[tuple[str, int]]:
    storage = session.settings.services.storage
    if storage is not None and storage.placement.deleted_kept_days is not None:
        yield f"{storage.placement.called} keeps the deleted blob container", storage.placement.deleted_kept_days


def _left_on_azure(session: PlatformSession, sought: Sought) -> Iterator[Left]:
    """Asked as who is logged in at Azure. Whatever carries the tenant's tag or metadata counts, whatever its name."""
    from deploy.arm import listed

    blobs = session.platform.blobs
    if blobs is None or blobs.kind != "azure":
        return
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


def _left_in_r2(session: PlatformSession, sought: Sought) -> Iterator[Left]:
    """Asked with the token that makes the buckets."""
    from tenants.residue import cloudflare

    blobs = session.platform.blobs
    if blobs is None or blobs.kind != "r2":
        return

    def bucket(names: TenantNames) -> str:
        return f"{blobs.prefix}-{names.blobs}"

    for one in cloudflare.listed(session, f"accounts/{blobs.account_id}/r2/buckets"):
        if sought.carries(str(one.get("name")), bucket, "-"):
            yield Left("Cloudflare R2", f"the bucket {one['name']}", "empty it and delete it")


@contextlib.contextmanager
def _reached_files(session: PlatformSession, tenant: Tenant) -> Iterator[PartStore | None]:
    """The files, by the data plane of the storage account: the tenant's own identity is not needed for it."""
    from deploy.blob_objects import blobs_of
    from tenants.archive.blobs import BlobStore

    blobs = session.platform.blobs
    if blobs is None or blobs.kind != "azure":
        yield None
        return
    yield BlobStore(blobs_of(session.place, blobs.account, tenant.names.blobs), "blobs")


def _checked(content: bytes) -> Any:
    from tenants.archive.blobs import unpacked

    return unpacked(content)


STEP = Step(
    name="blobs",
    declare=_declare,
    names={"storage": _container},
    doors={"blobs": "its storage"},
    searches=(Search("Azure", _left_on_azure), Search("Cloudflare R2", _left_in_r2)),
    archived=ArchivedPart(file="blobs.bin", reached=_reached_files, checked=_checked),
    lossy=("blobs: the files of a bucket of R2 are not in here; they stay where they are until the tenant is deleted",),
    requests=_requests,
    retained=_retained,
)
