"""What a simulated machine's Traefik answers: the container that it routes a name to, with the certificate that the
real one gets by DNS-01 from a public authority.

It has a certificate where it was told to ask for it: a resolver, the zone with every name in it, a token. That the
token may change the zone's records, how long the authority takes and its limits are not simulated.
"""

from __future__ import annotations

import re
from functools import lru_cache

from sandbox.apps.server.stand_ins import reply
from sandbox.core.authority import PUBLIC_WEB, authority, server_certificate
from sandbox.core.inventory import Inventory
from sandbox.core.origin import Origin
from sandbox.core.records import Record
from sandbox.docker.containers import CONTAINER
from sandbox.docker.server.environment import startup_of

__all__ = ["origin"]

_RESOLVES = "--entrypoints.websecure.http.tls.certresolver="
_NAMED = re.compile(r"--entrypoints\.websecure\.http\.tls\.domains\[\d+\]\.(?:main|sans)=(.+)")


def origin(cloud: Inventory, address: str, name: str) -> Origin | None:
    """The container that the machine at the address answers with for a name; None when it has none for it."""
    here = (one for one in cloud.find(CONTAINER) if one.scope.rsplit(":", 1)[0] == address)
    found = next((one for one in here if any(f"Host(`{name}`)" in rule for rule in _rules(one))), None)
    if found is None:
        return None
    return Origin(
        app=str(found.inputs.get("name")),
        image=str(found.inputs.get("image")),
        certificate=_certificate(cloud, address, name),
        reply=lambda path, body: reply(startup_of(cloud, found), path, body),
    )


def _rules(container: Record) -> list[str]:
    labels = {str(one["label"]): str(one["value"]) for one in container.inputs.get("labels") or []}
    return [rule for key, rule in labels.items() if key.startswith("traefik.http.routers.") and key.endswith(".rule")]


def _certificate(cloud: Inventory, address: str, name: str) -> tuple[str, str] | None:
    """(certificate, key) for a name that the host at the address is asked for; None when its proxy has none."""
    for container in cloud.find(CONTAINER):
        flags = [str(one) for one in container.inputs.get("command") or []]
        if container.scope.rsplit(":", 1)[0] != address or not any(one.startswith(_RESOLVES) for one in flags):
            continue
        if not startup_of(cloud, container).file("CF_DNS_API_TOKEN_FILE"):
            continue
        matches = (match for match in map(_NAMED.fullmatch, flags) if match)
        names = tuple(one for match in matches for one in match[1].split(","))
        if name in names or f"*.{name.partition('.')[2]}" in names:
            return _issued(authority(cloud, PUBLIC_WEB).pem, names, cloud)
    return None


@lru_cache(maxsize=16)
def _issued(_authority: str, names: tuple[str, ...], cloud: Inventory) -> tuple[str, str]:
    """One for so many names, kept as Traefik keeps it: another authority makes another one."""
    return server_certificate(authority(cloud, PUBLIC_WEB), names)
