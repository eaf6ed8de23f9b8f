"""The certificate that a simulated host's Traefik shows: as the real one gets it, by DNS-01 from a public authority.

It has one where it was told to ask for it: a resolver, the zone with every name in it, a token. That the token may
change the zone's records, how long the authority takes and its limits are not simulated.
"""

from __future__ import annotations

import re
from functools import lru_cache

from sandbox.core.authority import authority, server_certificate
from sandbox.core.inventory import Inventory
from sandbox.docker.server.environment import told_container

__all__ = ["PUBLIC_AUTHORITY", "certificate_of"]

PUBLIC_AUTHORITY = "public-web"
CONTAINER = "docker:index/container:Container"
_RESOLVES = "--entrypoints.websecure.http.tls.certresolver="
_NAMED = re.compile(r"--entrypoints\.websecure\.http\.tls\.domains\[\d+\]\.(?:main|sans)=(.+)")


def certificate_of(cloud: Inventory, address: str, name: str) -> tuple[str, str] | None:
    """(certificate, key) for a name that the host at the address is asked for; None when its proxy has none."""
    for container in cloud.find(CONTAINER):
        flags = [str(one) for one in container.inputs.get("command") or []]
        if container.scope.rsplit(":", 1)[0] != address or not any(one.startswith(_RESOLVES) for one in flags):
            continue
        if not told_container(cloud, container).file("CF_DNS_API_TOKEN_FILE"):
            continue
        matches = (match for match in map(_NAMED.fullmatch, flags) if match)
        names = tuple(one for match in matches for one in match[1].split(","))
        if name in names or f"*.{name.partition('.')[2]}" in names:
            return _issued(authority(cloud, PUBLIC_AUTHORITY).pem, names, cloud)
    return None


@lru_cache(maxsize=16)
def _issued(_authority: str, names: tuple[str, ...], cloud: Inventory) -> tuple[str, str]:
    """One for so many names, kept as Traefik keeps it: another authority makes another one."""
    return server_certificate(authority(cloud, PUBLIC_AUTHORITY), names)
