"""A zone of the account, as a function answers it. Zones are no resources here: they are bought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.cloudflare.names import API, ZONE, ZONE_ID, identifier, zone
from sandbox.core.kinds import Function
from sandbox.core.records import Cloud
from sandbox.core.rules import ExactlyOne
from sandbox.core.values import Props, lookup

__all__ = ["FUNCTIONS"]


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
