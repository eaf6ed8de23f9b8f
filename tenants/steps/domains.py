"""The tenant's own domains: custom hostnames of Cloudflare for SaaS, with certificates that Cloudflare gets by itself.

Nothing is made in the customer's DNS: until it leads here, a domain is pending, which is no failure. Requests for all
of them go to the zone's fallback origin, which is the platform's, whatever the tenant's name in the zone leads to.

By tokens, as in `tenants.steps.dns`. https://developers.cloudflare.com/cloudflare-for-platforms/cloudflare-for-saas/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pulumi import ComponentResource, CustomResource, InvokeOutputOptions, Output, ResourceOptions
from pulumi.runtime import invoke_output

from tenants.documented import Documented, Has, Kept
from tenants.model import Tenant
from tenants.platform import Platform
from tenants.residue.left import Left, Sought
from tenants.steps.step import Search, Step, StepContext, StepOutputs

if TYPE_CHECKING:
    from tenants.session import PlatformSession

__all__ = ["STEP", "Domains", "DomainsArgs", "pending", "refused"]

HOSTNAME = "cloudflare:index/customHostname:CustomHostname"
ASKED = "cloudflare:index/getCustomHostname:getCustomHostname"
ACTIVE = frozenset({"active", "active_redeploying"})
REQUESTS = 3
"""Of each, to Cloudflare: it is made, read until it is there, and asked for at each run."""


@dataclass(frozen=True, kw_only=True)
class DomainsArgs:
    """The zone that takes them, the domains, and the name in the zone to which the customer's records lead."""

    zone_id: str
    domains: Sequence[str]
    target: str


class Domains(ComponentResource):
    """The custom hostnames, and how Cloudflare says that they are: asked anew at each run."""

    known: Output[list[dict[str, str]]]
    """Of each: domain and status."""
    pending: Output[list[dict[str, str]]]

    def __init__(self, name: str, args: DomainsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:tenants:Domains", name, None, opts)
        answers = [self._hostname(name, domain, args) for domain in args.domains]
        found = Output.all(*answers)
        self.known = found.apply(lambda all_of: [_record_of(*one) for one in zip(args.domains, all_of, strict=True)])
        self.pending = found.apply(
            lambda all_of: [
                one
                for domain, answer in zip(args.domains, all_of, strict=True)
                for one in pending(domain, args.target, answer)
            ]
        )
        self.register_outputs({"known": self.known})

    def _hostname(self, name: str, domain: str, args: DomainsArgs) -> Output[dict[str, Any]]:
        inputs = {
            "zoneId": args.zone_id,
            "hostname": domain,
            # By HTTP, Cloudflare proves the domain by itself as soon as it leads here, and again at each renewal.
            "ssl": {"method": "http", "type": "dv", "settings": {"minTlsVersion": "1.2"}},
        }
        at = version("pulumi-cloudflare")
        made = CustomResource(HOSTNAME, f"{name}-{domain}", inputs, ResourceOptions(parent=self, version=at))
        asked = {"zoneId": args.zone_id, "customHostnameId": made.id}
        return invoke_output(ASKED, asked, InvokeOutputOptions(parent=self, version=at)).apply(dict)


def _record_of(domain: str, answer: dict[str, Any]) -> dict[str, str]:
    return {"domain": domain, "status": str(answer.get("status") or "pending")}


def pending(domain: str, target: str, answer: dict[str, Any]) -> list[dict[str, str]]:
    """What a domain waits for, if it does: what, reason, mend."""
    status = str(answer.get("status") or "pending")
    if status in ACTIVE:
        return []
    errors = "; ".join(str(one) for one in answer.get("verificationErrors") or [])
    reason = f"Cloudflare says {status}" + (f": {errors}" if errors else "")
    mend = f"the customer sets {domain} CNAME {target} (./smos domain check {domain} says what is missing), then apply"
    return [{"what": f"domain {domain}", "reason": reason, "mend": mend}]


def refused(domains: Sequence[str]) -> list[dict[str, str]]:
    """What domains wait for where the platform takes none."""
    mend = "Cloudflare for SaaS enabled for the zone, tenants: {customDomains: true} in the settings, then ./smos up"
    reason = "the platform takes no domains of tenants' own"
    return [{"what": f"domain {domain}", "reason": reason, "mend": mend} for domain in domains]


def _declare(ctx: StepContext) -> StepOutputs:
    """Its own domains, and what waits for a human."""
    tenant, platform = ctx.tenant, ctx.platform
    if not tenant.domains:
        return StepOutputs()
    if not platform.custom_domains:
        return StepOutputs(pending=refused(tenant.domains))
    made = Domains(
        "domains",
        DomainsArgs(zone_id=platform.zone_id, domains=tenant.domains, target=tenant.domain),
        ResourceOptions(providers=[ctx.providers.cloudflare]),
    )
    return StepOutputs(known={"domains": made.known}, pending=made.pending)


def _requests(tenant: Tenant, _platform: Platform) -> Mapping[str, float]:
    return {"cloudflare": REQUESTS * len(tenant.domains)}


def _left(session: PlatformSession, sought: Sought) -> Iterator[Left]:
    from tenants.residue import cloudflare

    if not session.platform.custom_domains:
        return
    for one in cloudflare.listed(session, f"zones/{session.platform.zone_id}/custom_hostnames"):
        if str(one.get("hostname", "")).lower() in sought.tenant.domains:
            yield Left("Cloudflare", f"the custom hostname {one['hostname']}", "delete it in SSL/TLS")


_DOCUMENTED = Documented(
    has=(
        Has(
            where="Cloudflare for SaaS, for those with domains of their own",
            what="a custom hostname with its certificate for each",
            called="the domain",
            made_with="the API token",
        ),
    ),
    kept=(
        Kept(
            what="names, own domains",
            isolated_by="zone, custom hostnames",
            export="as its file says",
            restore="made anew; a custom domain waits for its certificate",
            erase="at once",
        ),
    ),
)

STEP = Step(
    name="domains",
    declare=_declare,
    doors={"domains": "its own domains"},
    searches=(Search("Cloudflare for SaaS", _left),),
    requests=_requests,
    documented=_DOCUMENTED,
)
