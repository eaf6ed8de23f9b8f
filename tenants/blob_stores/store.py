"""What a blob storage can do for tenants: a kind of it is one file here, and says everything of itself.

The vendors' SDKs take a second to import and would be used for two or three resources: so these are declared by their
tokens. That their inputs are those of the SDKs is what the tests of the step say. Which kind a platform has is in
`tenants.blob_stores`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pulumi import ComponentResource, CustomResource, Output, ProviderResource, ResourceOptions

from tenants.names import TenantNames
from tenants.platform import Blobs
from tenants.residue.left import Left, Sought

if TYPE_CHECKING:
    from tenants.providers import Providers
    from tenants.session import PlatformSession
    from tenants.steps.step import PartStore

__all__ = ["BlobContainerArgs", "BlobStore", "resource"]


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


@dataclass(frozen=True, kw_only=True)
class BlobStore:
    """A kind of blob storage, in which each tenant has a container."""

    vendor: str
    """Whom one asks what is left, in words."""
    provider: Callable[[Blobs, Providers], ProviderResource]
    """The vendor's, of the platform's account."""
    declare: Callable[[ComponentResource, str, BlobContainerArgs], Output[str]]
    """Declares a tenant's container as a child of the component, by this name; what it is called."""
    left: Callable[[PlatformSession, Blobs, Sought], Iterator[Left]]
    """All that is left of a tenant. Raises NotReady when it can't be asked."""
    requests: Mapping[str, float]
    """Provider → how many requests that its vendor counts a tenant's container takes."""
    files: Callable[[PlatformSession, Blobs, TenantNames], PartStore] | None = None
    """A tenant's files, as archives see them; None: they are in no archive."""
    lossy: tuple[str, ...] = ()
    """As `Step.lossy`."""
    open_while_there: Mapping[str, str] = field(default_factory=dict)
    """As `Step.open_while_there`."""


def resource(
    token: str, name: str, inputs: Mapping[str, Any], parent: ComponentResource, *, protect: bool = False
) -> CustomResource:
    """A vendor's resource by its token, without its SDK."""
    package = token.partition(":")[0]
    opts = ResourceOptions(parent=parent, protect=protect, version=version(f"pulumi-{package}"))
    return CustomResource(token, name, dict(inputs), opts)
