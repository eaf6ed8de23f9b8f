"""The zone: how browsers and Cloudflare speak to each other and to the origins, and which names lead to a
host.

The zone itself exists already. Names of apps in Azure are made with the app, which can't be without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_cloudflare as cloudflare
from pulumi import ComponentResource, Output, ResourceOptions

__all__ = ["Dns", "DnsArgs"]

AUTOMATIC_TTL = 1

# strict: Cloudflare demands a valid certificate of the origin; with less, anyone between the two can read along.
ZONE_SETTINGS = {
    "ssl": "strict",
    "min_tls_version": "1.2",
    "always_use_https": "on",
}


@dataclass(frozen=True, kw_only=True)
class DnsArgs:
    """The zone, the address behind each name that leads to a host, and whether the zone's settings are ours:
    they are one environment's alone. Names are given in full.
    """

    zone_id: str
    sets_zone: bool
    addresses: Mapping[str, str]
    fallback_origin: str = ""
    """Which of these names answers for tenants' own domains (Cloudflare for SaaS); none without any."""


class Dns(ComponentResource):
    """The settings of the zone and the proxied records of hosts."""

    record_names: Output[list[str]]

    def __init__(self, name: str, args: DnsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:Dns", name, None, opts)
        inside = ResourceOptions(parent=self)
        for setting, value in ZONE_SETTINGS.items() if args.sets_zone else ():
            cloudflare.ZoneSetting(
                f"{name}-{setting.replace('_', '-')}",
                zone_id=args.zone_id,
                setting_id=setting,
                value=value,
                opts=inside,
            )
        records = [
            cloudflare.DnsRecord(
                f"{name}-{hostname.replace('*', 'any')}",
                zone_id=args.zone_id,
                name=hostname,
                type="A",
                content=address,
                ttl=AUTOMATIC_TTL,
                proxied=True,
                opts=inside,
            )
            for hostname, address in args.addresses.items()
        ]
        if args.fallback_origin:
            cloudflare.CustomHostnameFallbackOrigin(
                f"{name}-fallback-origin",
                zone_id=args.zone_id,
                origin=args.fallback_origin,
                # It must be there, and proxied.
                opts=ResourceOptions(parent=self, depends_on=records),
            )
        self.record_names = Output.all(*[record.name for record in records])
        self.register_outputs({"record_names": self.record_names})
