"""Azure Storage: which redundancy, tiers and features an account of a kind may have, and what becomes of which."""

from __future__ import annotations

from sandbox.azure.names import (
    known,
    text,
)
from sandbox.core.values import UNKNOWN, Props, Value, lookup

__all__ = [
    "OVERVIEW",
    "SKUS_BY_KIND",
    "V2",
    "convertible",
    "large_shares",
    "namespace_of_kind",
    "needs_namespace",
    "needs_tier",
    "nfs",
    "sku_of_kind",
    "tiered",
]

OVERVIEW = "https://learn.microsoft.com/azure/storage/common/storage-account-overview"
_STANDARD = ("Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS")
V2 = ("StandardV2_LRS", "StandardV2_GRS", "StandardV2_ZRS", "StandardV2_GZRS", "PremiumV2_LRS", "PremiumV2_ZRS")
SKUS_BY_KIND = {
    "StorageV2": (*_STANDARD, "Premium_LRS"),
    "Storage": ("Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Premium_LRS"),
    "BlobStorage": ("Standard_LRS", "Standard_GRS", "Standard_RAGRS"),
    "FileStorage": ("Premium_LRS", "Premium_ZRS", *V2),
    "BlockBlobStorage": ("Premium_LRS", "Premium_ZRS"),
}


def sku_of_kind(value: Value, inputs: Props) -> bool | str:
    """For `Must`: whether accounts of the kind may have the redundancy."""
    kind = text(inputs, "kind")
    allowed = SKUS_BY_KIND.get(kind)
    return allowed is None or value in allowed or f"{value} with kind {kind} (allowed: {', '.join(allowed)})"


def tiered(value: Value, inputs: Props) -> bool | str:
    """For `Must`: whether the kind has access tiers."""
    kind = text(inputs, "kind")
    return value == "Premium" or kind not in ("Storage", "FileStorage", "BlockBlobStorage") or f"kind {kind}"


def needs_tier(inputs: Props) -> bool:
    """For `Required`: whether the kind has no tier by default."""
    return bool(known(inputs, "kind") == "BlobStorage")


def needs_namespace(value: Value, inputs: Props) -> bool:
    """For `Must`: what only a hierarchical namespace can do."""
    return value is not True or lookup(inputs, "isHnsEnabled") in (True, UNKNOWN)


def namespace_of_kind(value: Value, inputs: Props) -> bool | str:
    """For `Must`: whether the kind may have a hierarchical namespace."""
    kind, name = text(inputs, "kind"), text(inputs, "sku.name")
    if value is not True or not kind or not name or kind == "BlockBlobStorage":
        return True
    return (kind == "StorageV2" and not name.startswith("Premium")) or f"kind {kind} with sku {name}"


def nfs(value: Value, inputs: Props) -> bool:
    """For `Must`: NFS needs a hierarchical namespace, and http."""
    hierarchical = lookup(inputs, "isHnsEnabled") in (True, UNKNOWN)
    return value is not True or (hierarchical and lookup(inputs, "enableHttpsTrafficOnly") in (False, UNKNOWN))


def large_shares(value: Value, inputs: Props) -> bool | str:
    """For `Must`: premium accounts have large shares anyway."""
    name = text(inputs, "sku.name")
    return bool(value != "Enabled" or not name.startswith(("Premium", "StandardV2"))) or f"sku {name}"


def convertible(old: Value, new: Value) -> bool:
    """Whether a redundancy is only added or taken away: copies in another region, and reading them."""
    kinds = [str(one).partition("_") for one in (old, new)]
    zoned = ["ZRS" in redundancy for _, _, redundancy in kinds]
    return kinds[0][0] == kinds[1][0] and zoned[0] == zoned[1]
