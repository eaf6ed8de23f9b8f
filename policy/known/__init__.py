"""What the pack knows: every type that may be declared, and every property of it that somebody has looked at."""

from __future__ import annotations

from collections.abc import Mapping

from policy.known import azure, cloudflare, docker, others, postgresql, vault
from policy.known.kind import Kind, Node, compiled

__all__ = ["COMPONENTS", "KINDS", "node_of"]

COMPONENTS = ("smarteros:",)
"""How the types of the program's own components begin: they group what they declare, no vendor knows them."""
KINDS: Mapping[str, Kind] = {
    token: kind
    for vendor in (azure, cloudflare, docker, others, postgresql, vault)
    for token, kind in vendor.KINDS.items()
}
_NODES: dict[str, Node] = {}


def node_of(token: str) -> Node:
    """The properties of a known type, as a tree; made once."""
    if token not in _NODES:
        _NODES[token] = compiled(KINDS[token].properties)
    return _NODES[token]
