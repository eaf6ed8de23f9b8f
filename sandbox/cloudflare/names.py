"""Zones of the simulated Cloudflare: each record `sandbox:zone` (inputs: zoneId, name, accountId) is one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.core.kinds import Function
from sandbox.core.records import Cloud, Record
from sandbox.core.rules import ExactlyOne, NeedsInCloud, Pattern
from sandbox.core.values import UNKNOWN, Props, lookup

__all__ = [
    "FUNCTIONS",
    "HEX_ID",
    "ZONE",
    "ZONE_EXISTS",
    "ZONE_ID",
    "identifier",
    "now",
    "zone",
    "zone_of_name",
]

ZONE = "sandbox:zone"
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


def _get_zone(args: Props, cloud: Cloud, _: Props) -> Mapping[str, Any]:
    name = lookup(args, "filter.name")
    by_name = [one for one in cloud.find(ZONE) if one.inputs.get("name") == name]
    found = zone(cloud, args["zoneId"]) if "zoneId" in args else next(iter(by_name), None)
    if found is None:
        raise ValueError(f"7003: Could not route to /zones/{args.get('zoneId', name)}: no such zone in this account")
    identity, domain = str(found.inputs["zoneId"]), str(found.inputs["name"])
    account = str(found.inputs.get("accountId", identifier("account")))
    return {
        "id": identity,
        "zoneId": identity,
        "name": domain,
        "account": {"id": account, "name": "sandbox"},
        "nameServers": ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
        "originalNameServers": [],
        "status": "active",
        "paused": False,
        "type": "full",
        "developmentMode": 0,
    }


FUNCTIONS = (
    Function(
        token="cloudflare:index/getZone:getZone",
        about="A zone of the account, by its id or by filter.name.",
        sources=(API,),
        answer=_get_zone,
        rules=(ExactlyOne(path="", fields=("zoneId", "filter"), source=API), ZONE_ID),
    ),
)
