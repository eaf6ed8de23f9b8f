"""What the customer's DNS lacks so that a domain of its own leads to its tenant: a judgement over answers, which asks
nobody. Who asks is `tenants.dns_answers`.

What Cloudflare for SaaS demands: https://developers.cloudflare.com/cloudflare-for-platforms/cloudflare-for-saas/
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from components.services.cloudflare_ranges import CLOUDFLARE_RANGES

__all__ = ["CERTIFICATE_AUTHORITIES", "Finding", "Picture", "Reply", "judged"]

# start/…/validate-certificates/troubleshooting: a customer with CAA records must allow each of these, or have none.
CERTIFICATE_AUTHORITIES = ("letsencrypt.org", "pki.goog", "ssl.com")
_KNOWN_TAGS = frozenset({"issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"})
_RANGES = tuple(ipaddress.ip_network(one) for one in CLOUDFLARE_RANGES)
_TTL = 300
_LOST = {
    "timeout": "no answer in time from its name servers, or from the resolver",
    "servfail": "its name servers, or the resolver, failed (SERVFAIL): a broken zone, or DNSSEC that does not fit",
}

Outcome = Literal["found", "empty", "nxdomain", "servfail", "timeout"]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a resolver answered to one question."""

    outcome: Outcome
    values: tuple[str, ...] = ()
    owner: str = ""
    """Under which name the values stand: another than was asked for, where a CNAME lies between."""
    zone: str = ""
    """The top of the zone, where the answer names it (SOA)."""
    says: str = ""
    """Why there is no answer, in the resolver's words."""


EMPTY = Reply(outcome="empty")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """All that was answered of one domain. Names have no dot at their end."""

    domain: str
    target: str
    """The tenant's name in the zone."""
    chain: tuple[str, ...] = ()
    """Where the domain's CNAME leads, name after name."""
    looped: bool = False
    name: Reply = EMPTY
    """To the question for a CNAME."""
    addresses: Mapping[str, Reply]
    """By type, A and AAAA: of the domain…"""
    wanted: Mapping[str, Reply]
    """… and of the target."""
    soa: Reply = EMPTY
    caa: Reply = EMPTY
    """The first ones from the domain upwards: values as `flags tag value`."""
    sibling: tuple[str, ...] = ()
    """What a name beside it, that nobody has made, leads to."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something to know of the domain."""

    kind: str
    says: str
    records: tuple[str, ...] = ()
    """What to set, as lines of a zone file."""
    remove: tuple[str, ...] = ()
    """What to delete, likewise."""
    blocks: bool = True
    """Whether the domain does not work, or not reliably, as long as it is so."""


def judged(picture: Picture) -> list[Finding]:
    """What is to be known, what blocks first. Nothing that blocks: it is right."""
    asked = {"CNAME": picture.name, **({} if picture.chain else picture.addresses)}
    lost = next(_lost(picture.domain, asked), None) or next(_lost(picture.target, picture.wanted), None)
    # Where the records are not known, nobody's mistake is claimed.
    leads = [lost] if lost else list(_leads(picture))
    found = [*leads, *_lost(picture.domain, {"CAA": picture.caa}), *_authorities(picture)]
    return sorted(found, key=lambda one: not one.blocks)


def _lost(name: str, replies: Mapping[str, Reply]) -> Iterator[Finding]:
    """What was asked and not answered."""
    for kind, reply in replies.items():
        if reply.outcome in _LOST:
            detail = f" ({reply.says})" if reply.says else ""
            says = f"{kind} of {name}: {_LOST[reply.outcome]}{detail}. What it says is not known: ask again later"
            yield Finding(kind=reply.outcome, says=says)


def _leads(picture: Picture) -> Iterator[Finding]:
    if picture.chain:
        yield from _by_alias(picture)
    elif _exists_nowhere(picture):
        yield _nothing(picture)
    elif _values(picture.addresses):
        yield from _by_address(picture)
    else:
        yield _nothing(picture)


def _wanted(picture: Picture) -> str:
    return f"{picture.domain}. {_TTL} IN CNAME {picture.target}."


def _by_alias(picture: Picture) -> Iterator[Finding]:
    domain, target, chain = picture.domain, picture.target, picture.chain
    theirs = f"{domain}. IN CNAME {chain[0]}."
    wild = bool(picture.sibling) and picture.sibling[0] == chain[0]
    if picture.looped:
        says = f"the CNAME leads in a circle: {' → '.join((domain, *chain))}"
        yield Finding(kind="cname-loop", says=says, records=(_wanted(picture),), remove=(theirs,))
    elif target not in chain:
        says = f"the CNAME leads to {chain[-1]}, not to {target}"
        if wild:
            says += "; it comes from a wildcard, and a record of its own goes before that"
        yield Finding(kind="cname-wrong", says=says, records=(_wanted(picture),), remove=() if wild else (theirs,))
    else:
        if not _values(picture.wanted):
            says = f"it leads to {target}, but that name has no address: it is the platform's to mend"
            yield Finding(kind="target-missing", says=f"{says} (./smos tenant apply)")
        if len(chain) > 1 and chain[0] != target:
            between = " → ".join(chain[: chain.index(target)])
            says = f"it gets there by way of {between}: whoever changes that name changes this one"
            yield Finding(kind="cname-chain", says=says, records=(_wanted(picture),), blocks=False)
        if wild:
            says = "the CNAME comes from a wildcard: every other name beside it leads here too"
            yield Finding(kind="wildcard", says=says, records=(_wanted(picture),), blocks=False)


def _exists_nowhere(picture: Picture) -> bool:
    return picture.name.outcome == "nxdomain"


def _nothing(picture: Picture) -> Finding:
    domain = picture.domain
    if _exists_nowhere(picture) and picture.soa.zone and "." not in picture.soa.zone:
        registered = ".".join(domain.split(".")[-2:])
        says = f"{registered} is not registered, or its name servers are not entered with the registry"
        return Finding(kind="not-delegated", says=says, records=(_wanted(picture),))
    if _is_apex(picture):
        return _apex(picture, f"{domain} leads nowhere")
    words = "there is no such name" if _exists_nowhere(picture) else "the name has neither a CNAME nor an address"
    return Finding(kind="cname-missing", says=f"{domain}: {words}", records=(_wanted(picture),))


def _is_apex(picture: Picture) -> bool:
    return picture.soa.zone == picture.domain


def _apex(picture: Picture, says: str, remove: Sequence[str] = ()) -> Finding:
    return Finding(
        kind="apex",
        says=f"{says}. It is the top of its zone, where no CNAME may stand (RFC 1034, 3.6.2): the DNS provider must "
        "offer ALIAS, ANAME or CNAME flattening. If it does not: www as the tenant's domain, and a redirect from "
        f"{picture.domain} to it",
        records=(f"{picture.domain}. {_TTL} IN ALIAS {picture.target}.",),
        remove=tuple(remove),
    )


def _by_address(picture: Picture) -> Iterator[Finding]:
    """It has addresses of its own and no CNAME that anybody sees."""
    domain = picture.domain
    ours = set(_values(picture.wanted))
    stray = [(kind, value) for kind, reply in picture.addresses.items() for value in reply.values if value not in ours]
    lines = [f"{domain}. IN {kind} {value}" for kind, value in stray]
    shared = ours & set(_values(picture.addresses))
    if stray and all(_is_cloudflares(value) for _, value in stray):
        yield _proxied(picture)
    elif not stray and not _is_apex(picture):
        # The target's own addresses: copied by hand, or behind the orange cloud of another account, which looks so.
        yield _proxied(picture)
    elif stray and shared:
        says = f"{domain} leads here, and elsewhere too: whoever gets {', '.join(one for _, one in stray)} goes astray"
        yield Finding(kind="stray-address", says=says, remove=tuple(lines))
    elif stray and _is_apex(picture):
        says = f"{domain} leads to {', '.join(value for _, value in stray)}"
        yield _apex(picture, says, lines)
    elif stray:
        says = f"{domain} leads to {', '.join(value for _, value in stray)}, and not to {picture.target}"
        kind = "stray-aaaa" if all(one == "AAAA" for one, _ in stray) else "stray-address"
        yield Finding(kind=kind, says=says, records=(_wanted(picture),), remove=tuple(lines))
    else:
        yield Finding(kind="flattened", says="the top of the zone leads here by flattening (ALIAS)", blocks=False)


def _proxied(picture: Picture) -> Finding:
    return Finding(
        kind="proxied",
        says=f"{picture.domain} answers with Cloudflare's own addresses and shows no CNAME: the record is proxied by "
        "another Cloudflare account (orange cloud), or addresses were copied. Proxied, errors 1014 and certificates "
        "that are not renewed are likely: set it to DNS only (grey cloud)",
        records=(f"{_wanted(picture)} ; proxy status: DNS only",),
    )


def _is_cloudflares(address: str) -> bool:
    return any(ipaddress.ip_address(address) in one for one in _RANGES)


def _values(replies: Mapping[str, Reply]) -> list[str]:
    return [value for reply in replies.values() for value in reply.values]


def _authorities(picture: Picture) -> Iterator[Finding]:
    """RFC 8659: the first CAA records from the domain upwards say who may issue; without any, everybody may."""
    records = [_caa(value) for value in picture.caa.values]
    owner = picture.caa.owner or picture.domain
    unknown = [tag for flags, tag, _ in records if flags >= 128 and tag not in _KNOWN_TAGS]
    if unknown:
        says = (
            f"CAA of {owner}: the critical tag {unknown[0]!r} is one that no certificate authority knows: none issues"
        )
        yield Finding(kind="caa-critical", says=says)
    issuers = [value for _, tag, value in records if tag == "issue"]
    if not issuers:
        return
    missing = [name for name in CERTIFICATE_AUTHORITIES if not any(_allows(value, name) for value in issuers)]
    if missing:
        says = (
            f"CAA of {owner} allows {', '.join(value or ';' for value in issuers)} alone: Cloudflare gets certificates "
            f"from {', '.join(CERTIFICATE_AUTHORITIES)}, and each must be allowed (or there be no CAA at all)"
        )
        lines = tuple(f'{owner}. {_TTL} IN CAA 0 issue "{name}"' for name in missing)
        yield Finding(kind="caa", says=says, records=lines)


def _caa(text: str) -> tuple[int, str, str]:
    flags, tag, value = text.split(" ", 2)
    return int(flags), tag.lower(), value.strip().strip('"')


def _allows(value: str, name: str) -> bool:
    """RFC 8657: a record may be narrowed to an account, or to ways of validation; Cloudflare's is by HTTP."""
    issuer, *parameters = [part.strip() for part in value.split(";")]
    parameter_of = dict(part.split("=", 1) for part in parameters if "=" in part)
    methods = parameter_of.get("validationmethods")
    narrowed = "accounturi" in parameter_of or (methods is not None and "http-01" not in methods.split(","))
    return issuer.lower() == name and not narrowed
