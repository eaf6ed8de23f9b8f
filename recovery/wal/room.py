"""Whether there is room on a disk for what is about to be written, told with the sum before anything is."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from recovery.wal.archive import WalError

__all__ = ["RESERVE", "room_for"]

RESERVE = 0.1
"""How much more than the sum must be free: file systems count in blocks, and nobody fills one to its end."""


def room_for(folder: Path, wanted: Mapping[str, int], what: str) -> None:
    """Raises WalError when the parts, in bytes, and a tenth more don't fit below a folder that is there."""
    free = shutil.disk_usage(folder).free
    whole = int(sum(wanted.values()) * (1 + RESERVE))
    if whole <= free:
        return
    parts = " + ".join(f"{size / 1e6:,.0f} MB for {name}" for name, size in wanted.items())
    raise WalError(
        f"{folder}: no room for {what}: {parts}, and a tenth more, are {whole / 1e6:,.0f} MB; {free / 1e6:,.0f} MB are "
        f"free, {(whole - free) / 1e6:,.0f} MB too little. Fix: free as much, or name a folder on another disk"
    )
