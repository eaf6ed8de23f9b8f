"""The tenant's name in the zone: a proxied record that leads to the platform's reverse proxy, or to its holding page.

The vendor's SDK takes a second to import and would be used for one record: so the record is declared by its token.
That its inputs are those of the SDK is what the tests of this module say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from pulumi import ComponentResource, CustomResource, Input, Output, ResourceOptions

from tenants.documented import Documented, Has
from tenants.model import Tenant
from tenants.platform import Platform
from tenants.residue.left import Left, Sought
from tenants.steps.step import Search, Step, StepContext, StepOutputs

if TYPE_CHECKING:
    from tenants.session import PlatformSession

__all__ = ["STEP", "Dns", "DnsArgs"]

RECORD = "cloudflare:index/dnsRecord:DnsRecord"
AUTOMATIC_TTL = 1
REQUESTS = 2
"""To Cloudflare: it is made, and read until it is there."""


@dataclass(frozen=True, kw_only=True)
class DnsArgs:
    """The zone, the full name and where it leads."""

    zone_id: str
    domain: str
    target: Input[str]
    slug: str


class Dns(ComponentResource):
    """The record of the tenant's name in the zone."""

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


def _declare(ctx: StepContext) -> StepOutputs:
    """Waiting for all that was made before: a name leads to what is there, and goes before what it leads to. A closed
    tenant's waits for nothing: it leads to the page that is always there, whatever else can't be reached.
    """
    platform, tenant = ctx.platform, ctx.tenant
    target = platform.edge_name if ctx.is_open else platform.holding_name
    waits_for = dict(ctx.known) if ctx.is_open else {}
    made = Dns(
        "dns",
        DnsArgs(
            zone_id=platform.zone_id,
            domain=tenant.domain,
            target=Output.from_input(waits_for).apply(lambda _: target),
            slug=tenant.slug,
        ),
        ResourceOptions(providers=[ctx.providers.cloudflare]),
    )
    return StepOutputs(known={"domain": made.domain})


def _requests(_tenant: Tenant, _platform: Platform) -> Mapping[str, float]:
    return {"cloudflare": REQUESTS}


def _left(session: PlatformSession, sought: Sought) -> Iterator[Left]:
    """Records at the tenant's name or below it, and records that name it in their comment."""
    from tenants.residue import cloudflare

    tenant = sought.tenant
    for one in cloudflare.listed(session, f"zones/{session.platform.zone_id}/dns_records"):
        name, comment = str(one.get("name", "")).lower(), str(one.get("comment") or "")
        if name == tenant.domain or name.endswith(f".{tenant.domain}") or comment == f"tenant {tenant.slug}":
            yield Left("Cloudflare", f"the {one.get('type')} record {name}", "delete it in the zone's DNS")


_DOCUMENTED = Documented(
    has=(
        Has(
            where="Cloudflare",
            what="a proxied record that leads to the reverse proxy",
            called="the domain",
            made_with="the API token",
        ),
    )
)

STEP = Step(
    name="dns",
    declare=_declare,
    doors={"dns": "its name"},
    searches=(Search("Cloudflare", _left),),
    requests=_requests,
    documented=_DOCUMENTED,
)
