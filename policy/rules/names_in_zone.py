"""Every name that is made lies in the zone of the environment; a tenant's below its own label, or is a domain of its
own that its file says. Records are made in the zone alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policy.rule import Facts, Resource, Rule, each, part

RECORD = "cloudflare:index/dnsRecord:DnsRecord"
HOSTNAME = "cloudflare:index/customHostname:CustomHostname"
FALLBACK = "cloudflare:index/customHostnameFallbackOrigin:CustomHostnameFallbackOrigin"
REQUEST = "tls:index/certRequest:CertRequest"

_HOST = re.compile(r"\bHost(?:SNI)?\s*\(([^)]*)\)", re.I)
_NOT_HOST = re.compile(r"!\s*[(\s]*Host", re.I)
# The page that answers where nobody else does: every name one level below a zone, and no other.
_REST = re.compile(r"HostRegexp\(`\^\[a-z0-9-\]\+\\\.(?P<zone>[a-z0-9.\\-]+)\$`\)")
_QUOTED = re.compile(r"[`\"']([^`\"']+)[`\"']")


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    if not facts.domain:
        return
    for where, name in _names(resource):
        if not isinstance(name, str):
            continue
        plain = name.rstrip(".").lower()
        if plain in facts.tenant_domains and resource.token != RECORD:
            continue
        if plain != facts.domain and not plain.endswith(f".{facts.domain}"):
            yield f"{where}: {name} is outside the zone {facts.domain}"
        elif facts.tenant and not _of_tenant(plain, facts):
            yield f"{where}: {name} is not the tenant's: {facts.tenant}.{facts.domain} or below"


def _of_tenant(name: str, facts: Facts) -> bool:
    own = f"{facts.tenant}.{facts.domain}"
    # A record that proves ownership stands one label before the name that it speaks of.
    return name == own or name.endswith(f".{own}")


def _names(resource: Resource) -> Iterator[tuple[str, Any]]:
    inputs = resource.inputs
    if resource.token == RECORD:
        yield "name", inputs.get("name")
    elif resource.token == HOSTNAME:
        yield "hostname", inputs.get("hostname")
    elif resource.token == FALLBACK:
        yield "origin", inputs.get("origin")
    elif resource.token == "cloudflare:index/originCaCertificate:OriginCaCertificate":
        yield from (("hostnames", name) for name in each(inputs.get("hostnames")))
    elif resource.token == REQUEST:
        yield from (("dnsNames", name) for name in each(inputs.get("dnsNames")))
        yield "subject.commonName", part(inputs.get("subject")).get("commonName")
    elif resource.token == "azure-native:app:ContainerApp":
        ingress = part(part(inputs.get("configuration")).get("ingress"))
        yield from (("customDomains", part(one).get("name")) for one in each(ingress.get("customDomains")))
    else:
        for label in each(inputs.get("labels")):
            key, text = part(label).get("label"), part(label).get("value")
            if isinstance(key, str) and isinstance(text, str) and re.fullmatch(r"traefik\..*\.rule", key, re.I):
                found = [name for group in _HOST.findall(text) for name in _QUOTED.findall(group)]
                yield from ((key, name) for name in found)
                rest = _REST.fullmatch(text)
                if rest:
                    yield key, f"any.{rest['zone']}".replace("\\", "")
                elif "hostregexp" in text.lower():
                    yield key, "(a pattern: HostRegexp)"
                elif _NOT_HOST.search(text):
                    yield key, "(every name but one: !Host)"
                elif not all(_named(one) for one in text.split("||")):
                    yield key, "(any name: Host(`…`) is missing)"


def _named(alternative: str) -> bool:
    return any(_QUOTED.search(group) for group in _HOST.findall(alternative))


RULE = Rule(
    name="names-in-zone",
    says="Every name lies in the zone of the environment.",
    types=(
        RECORD,
        HOSTNAME,
        FALLBACK,
        REQUEST,
        "cloudflare:index/originCaCertificate:OriginCaCertificate",
        "azure-native:app:ContainerApp",
        "docker:index/container:Container",
    ),
    check=_check,
    needs_facts=True,
)
