"""A name of the zone leads to what is ours: a host, an app of Azure, or another name of the zone; a tenant's to the
platform's reverse proxy or to the page in between. A text proves a name to Azure, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.rule import Facts, Resource, Rule

_APPS = ".azurecontainerapps.io"
_PROOF = re.compile(r'"?[A-Za-z0-9]{1,128}"?')


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    kind, name, content = (resource.inputs.get(key) for key in ("type", "name", "content"))
    if not isinstance(content, str) or not isinstance(name, str):
        return
    if facts.tenant:
        if kind != "CNAME" or (facts.doors and content not in facts.doors):
            yield f"{kind} {name} of the tenant {facts.tenant}: a CNAME to {' or '.join(facts.doors)}"
    elif kind == "A" and facts.hosts and content not in {host.address for host in facts.hosts}:
        yield f"A {name} leads to {content}, which is no host of the settings"
    elif kind == "CNAME" and facts.domain and not _is_ours(content.rstrip(".").lower(), facts.domain):
        yield f"CNAME {name} leads out of the zone, to {content}: a name of {facts.domain}, or of an app of Azure"
    elif kind == "TXT" and (not name.startswith("asuid.") or not _PROOF.fullmatch(content)):
        yield f"TXT {name} is no proof to Azure (asuid.…): others speak for the zone to the world, make them by hand"


def _is_ours(content: str, domain: str) -> bool:
    return content == domain or content.endswith((f".{domain}", _APPS))


RULE = Rule(
    name="names-lead-here",
    says="Names of the zone lead to what is ours.",
    types=("cloudflare:index/dnsRecord:DnsRecord",),
    check=_check,
    needs_facts=True,
)
