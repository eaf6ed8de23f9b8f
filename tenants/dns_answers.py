"""Asks the DNS of a customer's domain what `tenants.domains` judges. Changes nothing, and guesses nothing: what was not
answered is told as that.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

from kept.operator_error import OperatorError
from tenants.domains import EMPTY, Picture, Reply

__all__ = ["NoResolver", "Resolver", "looked_at"]

_MOST_HOPS = 8
TIMEOUT_S = 6.0


class NoResolver(OperatorError):
    """Nobody can be asked: the text says why."""

    exit_code = 2


@dataclass(frozen=True)
class Resolver:
    """Whom to ask. `servers`: addresses, with a port if it is not 53; none: those of this machine."""

    servers: Sequence[str] = ()
    timeout_s: float = TIMEOUT_S

    def ready(self) -> dns.resolver.Resolver:
        """The resolver of dnspython, made ready with the addresses that are asked."""
        try:
            made = dns.resolver.Resolver(configure=not self.servers)
        except dns.resolver.NoResolverConfiguration:
            raise NoResolver("this machine has no resolver. Fix: --resolver 1.1.1.1") from None
        made.lifetime = self.timeout_s
        made.timeout = min(2.0, self.timeout_s)
        made.retry_servfail = False
        made.cache = None
        if self.servers:
            made.nameservers = [_server(one) for one in self.servers]
        return made


def _server(text: str) -> dns.nameserver.Nameserver | str:
    address, _, port = text.rpartition(":") if text.count(":") == 1 or text.startswith("[") else (text, "", "53")
    address = address.strip("[]")
    try:
        ipaddress.ip_address(address)
        return dns.nameserver.Do53Nameserver(address, int(port))
    except ValueError:
        raise NoResolver(f"{text!r} is no resolver's address. Fix: as in 1.1.1.1 or 127.0.0.1:5300") from None


def looked_at(domain: str, target: str, resolver: Resolver) -> Picture:
    """All that `judged` wants to know."""
    asker = resolver.ready()
    name, chain, looped = _chain(asker, domain)
    soa = EMPTY if chain else _ask(asker, domain, "SOA")
    nobodys = f"smos-{secrets.token_hex(6)}.{domain.partition('.')[2]}"
    sibling = _chain(asker, nobodys)[1] if "." in domain.partition(".")[2] else ()
    return Picture(
        domain=domain,
        target=target,
        chain=chain,
        looped=looped,
        name=name,
        addresses={} if looped else {kind: _ask(asker, domain, kind) for kind in ("A", "AAAA")},
        wanted={kind: _ask(asker, target, kind) for kind in ("A", "AAAA")},
        soa=soa,
        caa=EMPTY if looped else _authorities(asker, domain),
        sibling=sibling,
    )


def _chain(asker: dns.resolver.Resolver, domain: str) -> tuple[Reply, tuple[str, ...], bool]:
    """The first answer, the names that follow, and whether they lead in a circle."""
    first = reply = _ask(asker, domain, "CNAME")
    chain: list[str] = []
    while reply.outcome == "found" and len(chain) < _MOST_HOPS:
        following = reply.values[0]
        if following == domain or following in chain:
            return first, (*chain, following), True
        chain.append(following)
        reply = _ask(asker, following, "CNAME")
    return first, tuple(chain), False


def _authorities(asker: dns.resolver.Resolver, domain: str) -> Reply:
    """RFC 8659, 3: from the domain upwards, the top-level domain not asked any more."""
    labels = domain.split(".")
    for depth in range(len(labels) - 1):
        reply = _ask(asker, ".".join(labels[depth:]), "CAA")
        if reply.outcome in ("found", "servfail", "timeout"):
            return reply
    return EMPTY


def _ask(asker: dns.resolver.Resolver, name: str, kind: str) -> Reply:
    try:
        answer = asker.resolve(dns.name.from_text(name), kind, raise_on_no_answer=False, search=False)
    except dns.resolver.NXDOMAIN as error:
        responses = list((error.kwargs.get("responses") or {}).values())
        return Reply(outcome="nxdomain", zone=_zone(responses[-1]) if responses else "")
    except dns.resolver.LifetimeTimeout:
        return Reply(outcome="timeout", says=f"{asker.lifetime:g} s")
    except (dns.resolver.NoNameservers, dns.resolver.YXDOMAIN, dns.exception.DNSException, OSError) as error:
        return Reply(outcome="servfail", says=str(error).splitlines()[0][:200])
    if answer.rrset is None:
        return Reply(outcome="empty", zone=_zone(answer.response))
    owner = _plain(answer.rrset.name)
    values = tuple(sorted(_value(one, kind) for one in answer.rrset))
    return Reply(outcome="found", values=values, owner=owner, zone=owner if kind == "SOA" else "")


def _value(record: object, kind: str) -> str:
    text = str(record)
    return text.rstrip(".").lower() if kind == "CNAME" else text


def _plain(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _zone(response: dns.message.Message) -> str:
    """Whose zone it is that says so."""
    tops = [_plain(one.name) for one in response.authority if one.rdtype == dns.rdatatype.SOA]
    return tops[0] if tops else ""
