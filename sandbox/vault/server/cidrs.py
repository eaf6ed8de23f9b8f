"""Networks as Vault reads them: a list of CIDR blocks, each within one of a role's."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

__all__ = ["block", "blocks", "not_a_block", "not_within", "shown"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def blocks(value: Any) -> list[str]:
    """The texts of a list, or of one text with commas."""
    found = value if isinstance(value, list) else str(value or "").split(",")
    return [str(one).strip() for one in found if str(one).strip()]


def block(text: str, *, alone: bool = False) -> Network | None:
    """The network of a text, or None. `alone`: an address without a mask is one too (parseutil.ParseAddrs)."""
    if "/" not in text and not alone:
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def not_a_block(texts: Sequence[str], *, alone: bool = False) -> str | None:
    """The first that is no network."""
    return next((one for one in texts if block(one, alone=alone) is None), None)


def not_within(texts: Sequence[str], bounds: Sequence[str]) -> str | None:
    """The first that lies in none of the bounds; without bounds everything may be."""
    wide = [found for one in bounds if (found := block(one, alone=True)) is not None]
    for one in texts if wide else ():
        narrow = block(one)
        if narrow is None or not any(_inside(narrow, bound) for bound in wide):
            return one
    return None


def _inside(narrow: Network, bound: Network) -> bool:
    if isinstance(narrow, ipaddress.IPv4Network) and isinstance(bound, ipaddress.IPv4Network):
        return narrow.subnet_of(bound)
    if isinstance(narrow, ipaddress.IPv6Network) and isinstance(bound, ipaddress.IPv6Network):
        return narrow.subnet_of(bound)
    return False


def shown(text: str) -> str:
    """As a role's token_bound_cidrs are read back: a single address without its mask."""
    found = block(text, alone=True)
    if found is None:
        return text
    return str(found.network_address) if found.num_addresses == 1 else text
