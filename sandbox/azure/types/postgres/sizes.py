"""Azure Database for PostgreSQL: compute sizes by tier, and performance tiers by size of storage."""

from __future__ import annotations

import re
from typing import Any

from sandbox.azure.names import known, text
from sandbox.core.records import Computing
from sandbox.core.values import Props, Value

__all__ = ["IOPS", "TIERS_BY_SIZE", "sku_in_tier", "storage_output", "tier_for_size"]

_SKUS = {
    "Burstable": r"Standard_B((1|2|4|8|12|16|20)ms|2s)",
    "GeneralPurpose": (
        r"Standard_D((2|4|8|16|32|48|64)s_v3|(2|4|8|16|32|48|64)ds_v4|(2|4|8|16|32|48|64|96)(ds|ads)_v5"
        r"|C(2|4|8|16|32|48|64|96)ads_v5|(2|4|8|16|32|48|64|96)(ds|ads)_v6)"
    ),
    "MemoryOptimized": (
        r"Standard_E((2|4|8|16|20|32|48|64)s_v3|(2|4|6|8|16|20|32|48|64)ds_v4|(2|4|8|16|20|32|48|64|96)ds_v5"
        r"|(2|4|8|16|32|48|64|96)ads_v5|(2|4|8|16|20|32|48|64|96)(ds|ads)_v6)"
    ),
}
_TIERS = ("P4", "P6", "P10", "P15", "P20", "P30", "P40", "P50")
_LARGE_TIERS = ("P60", "P70", "P80")
TIERS_BY_SIZE = {
    32: _TIERS,
    64: _TIERS[1:],
    128: _TIERS[2:],
    256: _TIERS[3:],
    512: _TIERS[4:],
    1024: _TIERS[5:],
    2048: _TIERS[6:],
    4095: _TIERS[7:],
    4096: _TIERS[7:],
    8192: _LARGE_TIERS,
    16384: _LARGE_TIERS[1:],
    32767: _LARGE_TIERS[2:],
}

IOPS = {
    **{"P4": 120, "P6": 240, "P10": 500, "P15": 1100, "P20": 2300, "P30": 5000, "P40": 7500, "P50": 7500},
    **{"P60": 16000, "P70": 18000, "P80": 20000},
}
"""By performance tier (learn.microsoft.com/azure/postgresql/compute-storage/concepts-storage-premium-ssd)."""


def sku_in_tier(value: Value, _: Props) -> bool | str:
    """For `Must`: a compute size that its tier has."""
    name, tier = text(value, "name"), text(value, "tier")
    return re.fullmatch(_SKUS.get(tier, ""), name) is not None or f"{name!r} in tier {tier}"


def storage_output(one: Computing) -> dict[str, Any]:
    """The disk as Azure tells of it: what was not given has the values of its size."""
    given = dict(known(one.inputs, "storage") or {})
    size = known(given, "storageSizeGB") or 32
    kind = known(given, "type") or "Premium_LRS"
    if kind != "Premium_LRS":
        return {"autoGrow": "Disabled", **given}
    tier = known(given, "tier") or TIERS_BY_SIZE[size][0]
    filled = {"type": kind, "autoGrow": "Disabled", "tier": tier, "iops": IOPS[tier]}
    return {**filled, **given, "storageSizeGB": size}


def tier_for_size(value: Value, _: Props) -> bool | str:
    """For `Must`: a performance tier that the size of the storage allows."""
    size, tier = known(value, "storageSizeGB") or 32, known(value, "tier")
    allowed = TIERS_BY_SIZE.get(size)
    return (
        tier is None or allowed is None or tier in allowed or f"{tier} with {size} GB (allowed: {', '.join(allowed)})"
    )
