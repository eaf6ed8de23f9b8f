"""The disk of a simulated Flexible Server grows by itself, as Azure's does when it is nearly full: by one size, online,
and never back.

Nothing is measured: it grows when it is told that it is full. (learn.microsoft.com/azure/postgresql/scale/
how-to-auto-grow-storage: premium disks are doubled; the step across 4,096 GiB is not taken by itself)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandbox.azure.names import names_record
from sandbox.azure.types.postgres.server import SERVER
from sandbox.azure.types.postgres.sizes import IOPS, TIERS_BY_SIZE
from sandbox.core.inventory import Inventory

__all__ = ["grow"]

BORDER_GB = 4096


def grow(cloud: Inventory, name: str) -> dict[str, Any]:
    """Gives a server the next larger disk. Raises LookupError, and ValueError where Azure would not do it by itself."""
    record = next((one for one in cloud.find(SERVER) if names_record(one, "serverName", name)), None)
    if record is None:
        known = ", ".join(str(one.inputs.get("serverName")) for one in cloud.find(SERVER)) or "none"
        raise LookupError(f"there is no Flexible Server {name}; there are: {known}")
    storage = record.outputs["storage"]
    if storage.get("autoGrow") != "Enabled":
        raise ValueError(
            f"{name} has autoGrow {storage.get('autoGrow', 'Disabled')}: it turns read-only when it is full"
        )
    before = int(storage["storageSizeGB"])
    after = next((size for size in TIERS_BY_SIZE if size > before and size != BORDER_GB - 1), None)
    if after is None or before <= BORDER_GB < after:
        raise ValueError(f"{name} has {before} GB: Azure does not take the next step by itself")
    tier = TIERS_BY_SIZE[after][0]
    # All of it is another value than before, so the provider takes it over into the inputs (provider.go, Read).
    changed = {"storageSizeGB": after, "tier": tier, "iops": IOPS[tier]}
    cloud.put(
        replace(
            record,
            inputs={**record.inputs, "storage": {**record.inputs.get("storage", {}), **changed}},
            outputs={**record.outputs, "storage": {**storage, **changed}},
        )
    )
    return {"server": name, "before_gb": before, "after_gb": after}
