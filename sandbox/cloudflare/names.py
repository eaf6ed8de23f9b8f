"""What Cloudflare calls things: its ids, its times, and the zones that there are: each record `sandbox:zone` (inputs:
zoneId, name, accountId) is one.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from sandbox.core.records import Cloud, Record
from sandbox.core.rules import NeedsInCloud, Pattern
from sandbox.core.values import UNKNOWN, Props
from sandbox.scene import ZONE

__all__ = [
    "HEX_ID",
    "ZONE",
    "ZONE_EXISTS",
    "ZONE_ID",
    "identifier",
    "now",
    "zone",
    "zone_of_name",
]

HEX_ID = r"[0-9a-f]{32}"
API = "https://developers.cloudflare.com/api/resources/zones/"


def identifier(*parts: str) -> str:
    """32 hexadecimal digits, as Cloudflare's ids; the same for the same parts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def now() -> str:
    """The time as Cloudflare writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def zone(cloud: Cloud, identity: object) -> Record | None:
    """The zone of that id."""
    for record in cloud.find(ZONE):
        if record.inputs.get("zoneId") == identity:
            return record
    return None


def zone_of_name(cloud: Cloud, host: str) -> Record | None:
    """The zone that a host name (or *.name) lies in."""
    name = host.lower().removeprefix("*.").rstrip(".")
    for record in cloud.find(ZONE):
        top = str(record.inputs.get("name", "")).lower()
        if name == top or name.endswith("." + top):
            return record
    return None


def _unknown_zone(inputs: Props, cloud: Cloud, _: Props) -> str | None:
    identity = inputs.get("zoneId")
    return None if identity is UNKNOWN or zone(cloud, identity) else f"zone {identity} is not of this account"


ZONE_ID = Pattern(
    path="zoneId",
    regex=HEX_ID,
    says="must be the zone's id: 32 hexadecimal digits (dashboard: Overview, API), not its name",
    code="7003",
    source=API,
)
ZONE_EXISTS = NeedsInCloud(
    path="zoneId",
    test=_unknown_zone,
    says="give the id of a zone that the API token can see",
    code="9109",
    source=API,
)
