"""The tenant's blob container, in whichever kind of blob storage its platform has: `tenants.blob_stores` says what each
does. Its files are read by archives and backups alone.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pulumi import ComponentResource, Output, ResourceOptions

from tenants.blob_stores import STORES
from tenants.blob_stores.store import BlobContainerArgs
from tenants.documented import Documented, Has, Isolated, Kept
from tenants.model import Tenant
from tenants.names import TenantNames
from tenants.platform import Platform
from tenants.residue.left import Left, Sought
from tenants.steps.step import ArchivedPart, PartStore, Search, Step, StepContext, StepOutputs

if TYPE_CHECKING:
    from tenants.session import PlatformSession

__all__ = ["STEP", "BlobContainer"]

_NAMESPACE = uuid.UUID("b6f2c0de-51c5-4a56-a5ab-6d1c9f0b7e11")


class BlobContainer(ComponentResource):
    """The container, private and protected."""

    container: Output[str]

    def __init__(self, name: str, args: BlobContainerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:tenants:BlobContainer", name, None, opts)
        self.container = STORES[args.blobs.kind].declare(self, name, args)
        self.register_outputs({"container": self.container})


def _declare(ctx: StepContext) -> StepOutputs:
    blobs = ctx.platform.blobs
    if blobs is None:
        return StepOutputs()
    made = BlobContainer(
        "blobs",
        BlobContainerArgs(
            blobs=blobs,
            names=ctx.tenant.names,
            tags=_tags(ctx),
            role_assignment=str(uuid.uuid5(_NAMESPACE, f"{blobs.subscription_id}/{blobs.account}/{ctx.tenant.slug}")),
            is_open=ctx.is_open,
        ),
        ResourceOptions(providers=[STORES[blobs.kind].provider(blobs, ctx.providers)]),
    )
    return StepOutputs(known={"blobs": {"where": blobs.kind, "container": made.container}})


def _tags(ctx: StepContext) -> dict[str, str]:
    """Whose a thing is, where the vendor has tags."""
    whose = {"system": ctx.platform.system, "environment": ctx.platform.environment}
    return {**whose, "tenant": ctx.tenant.slug, "managed-by": "pulumi"}


def _requests(_tenant: Tenant, platform: Platform) -> Mapping[str, float]:
    return STORES[platform.blobs.kind].requests if platform.blobs is not None else {}


def _retained(session: PlatformSession) -> Iterator[tuple[str, int]]:
    storage = session.settings.services.storage
    if storage is not None and storage.placement.deleted_kept_days is not None:
        yield f"{storage.placement.called} keeps the deleted blob container", storage.placement.deleted_kept_days


def _left(kind: str, session: PlatformSession, sought: Sought) -> Iterator[Left]:
    blobs = session.platform.blobs
    if blobs is not None and blobs.kind == kind:
        yield from STORES[kind].left(session, blobs, sought)


@contextlib.contextmanager
def _reached(session: PlatformSession, tenant: Tenant) -> Iterator[PartStore | None]:
    blobs = session.platform.blobs
    files = STORES[blobs.kind].files if blobs is not None else None
    yield files(session, blobs, tenant.names) if files is not None and blobs is not None else None


def _checked(content: bytes) -> Any:
    from tenants.archive.blobs import unpacked

    return unpacked(content)


def _container(names: TenantNames) -> str:
    return names.blobs


_DOCUMENTED = Documented(
    has=(
        Has(
            where="Azure or Cloudflare R2, where the platform has a blob storage for tenants",
            what="a container with an identity that reaches it alone, or a bucket",
            called="`t-<slug>`; identity and bucket with the platform's prefix",
            made_with="the vendor's login",
        ),
    ),
    kept=(
        Kept(
            what="blob container",
            isolated_by="identity and role assignment, or bucket",
            export="Azure: every file, up to 1 GB, else refused; **R2: not at all**: take a copy before `delete`",
            restore="as exported",
            erase="Azure keeps it for `keepDeletedDays`",
        ),
    ),
    isolated=(
        Isolated(
            what="Blobs on Azure",
            pool="container, an identity that reaches it alone",
            isolated="exactly, by scope",
            exported="exactly, up to 1 GB",
            restored="exactly",
            erased="exactly",
        ),
        Isolated(
            what="Blobs on R2",
            pool="bucket; no tenant has a login",
            isolated="by the platform's own services",
            exported="not at all",
            restored="not at all",
            erased="exactly",
        ),
    ),
)

STEP = Step(
    name="blobs",
    declare=_declare,
    names={"storage": _container},
    doors={"blobs": "its storage"},
    open_while_there={kind: begin for store in STORES.values() for kind, begin in store.open_while_there.items()},
    searches=tuple(Search(store.vendor, partial(_left, kind)) for kind, store in STORES.items()),
    archived=ArchivedPart(file="blobs.bin", reached=_reached, checked=_checked),
    lossy=tuple(one for store in STORES.values() for one in store.lossy),
    requests=_requests,
    retained=_retained,
    documented=_DOCUMENTED,
)
