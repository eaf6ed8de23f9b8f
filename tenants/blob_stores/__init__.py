"""The kinds of blob storage that a platform can have for tenants, one file each."""

from __future__ import annotations

from collections.abc import Mapping

from tenants.blob_stores import azure, r2
from tenants.blob_stores.store import BlobContainerArgs, BlobStore

__all__ = ["STORES", "BlobContainerArgs", "BlobStore"]

STORES: Mapping[str, BlobStore] = {"azure": azure.STORE, "r2": r2.STORE}
"""`tenants.platform.Blobs.kind` → what it can do."""
