"""Buckets of Cloudflare R2. No tenant has a login there: the platform's own services reach them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pulumi import ComponentResource, Output

from tenants.blob_stores.store import BlobContainerArgs, BlobStore, resource
from tenants.names import TenantNames
from tenants.platform import Blobs
from tenants.residue.left import Left, Sought

if TYPE_CHECKING:
    from tenants.session import PlatformSession

__all__ = ["STORE"]

REQUESTS = 2
"""To Cloudflare: a bucket is made, and read until it is there."""


def _on_r2(parent: ComponentResource, name: str, args: BlobContainerArgs) -> Output[str]:
    wanted = f"{args.blobs.prefix}-{args.names.blobs}"
    bucket = resource(
        "cloudflare:index/r2Bucket:R2Bucket",
        f"{name}-bucket",
        {"accountId": args.blobs.account_id, "name": wanted},
        parent,
        protect=True,
    )
    return bucket.id.apply(lambda _: wanted)


def _left(session: PlatformSession, blobs: Blobs, sought: Sought) -> Iterator[Left]:
    """Asked with the token that makes the buckets."""
    from tenants.residue import cloudflare

    def bucket(names: TenantNames) -> str:
        return f"{blobs.prefix}-{names.blobs}"

    for one in cloudflare.listed(session, f"accounts/{blobs.account_id}/r2/buckets"):
        if sought.carries(str(one.get("name")), bucket, "-"):
            yield Left("Cloudflare R2", f"the bucket {one['name']}", "empty it and delete it")


STORE = BlobStore(
    vendor="Cloudflare R2",
    provider=lambda _, providers: providers.cloudflare,
    declare=_on_r2,
    left=_left,
    requests={"cloudflare": REQUESTS},
    lossy=("blobs: the files of a bucket of R2 are not in here; they stay where they are until the tenant is deleted",),
)
