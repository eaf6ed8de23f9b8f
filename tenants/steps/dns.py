"""The tenant's name in the zone: a proxied record that leads to the platform's reverse proxy, or to its holding page.

The vendor's SDK takes a second to import and would be used for one record: so the record is declared by its token.
That its inputs are those of the SDK is what the tests of this module say.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from pulumi import ComponentResource, CustomResource, Input, Output, ProviderResource, ResourceOptions

__all__ = ["Dns", "DnsArgs", "cloudflare_provider"]

RECORD = "cloudflare:index/dnsRecord:DnsRecord"
AUTOMATIC_TTL = 1


def cloudflare_provider(name: str, api_token: Input[str]) -> ProviderResource:
    """Cloudflare, with the token of the platform."""
    return ProviderResource(
        "cloudflare",
        name,
        {"apiToken": Output.secret(api_token)},
        ResourceOptions(version=version("pulumi-cloudflare")),
    )


@dataclass(frozen=True, kw_only=True)
class DnsArgs:
    """The zone, the full name and where it leads."""

    zone_id: str
    domain: str
    target: Input[str]
    slug: str


class Dns(ComponentResource):
    """The record."""

    domain: Output[str]

    def __init__(self, name: str, args: DnsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:tenants:Dns", name, None, opts)
        inputs = {
            "zoneId": args.zone_id,
            "name": args.domain,
            "type": "CNAME",
            "content": args.target,
            "ttl": AUTOMATIC_TTL,
            "proxied": True,
            "comment": f"tenant {args.slug}",
        }
        record = CustomResource(
            RECORD, f"{name}-record", inputs, ResourceOptions(parent=self, version=version("pulumi-cloudflare"))
        )
        self.domain = record.id.apply(lambda _: args.domain)
        self.register_outputs({"domain": self.domain})
