"""What a customer's DNS lacks is said exactly: judged over tables of answers, and asked from a real DNS server."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from typer.testing import CliRunner

from cli import domain as command
from cli.outcome import BadInput
from settings.parts import Setting
from tenants.dns_answers import NoResolver, Resolver, looked_at
from tenants.domains import EMPTY, Finding, Outcome, Picture, Reply, judged
from tenants.model import Tenant
from tenants.registry import Entry

TARGET = "acme.example.com"
EDGE = {
    "A": Reply(outcome="found", values=("104.16.1.1", "104.16.2.2")),
    "AAAA": Reply(outcome="found", values=("2606:4700::1",)),
}
NONE = {"A": EMPTY, "AAAA": EMPTY}
SET = "www.acme.cl. 300 IN CNAME acme.example.com."


def picture(**more: Any) -> Picture:
    """A domain that has nothing, below the zone acme.cl."""
    usual: dict[str, Any] = {
        "domain": "www.acme.cl",
        "target": TARGET,
        "addresses": NONE,
        "wanted": EDGE,
        "soa": Reply(outcome="empty", zone="acme.cl"),
    }
    return Picture(**{**usual, **more})


def led(*chain: str, **more: Any) -> Picture:
    """One whose CNAME leads through these names."""
    return picture(chain=chain, name=Reply(outcome="found", values=chain[:1]), addresses=EDGE, **more)


def at(kind: str, *values: str, **more: Any) -> Picture:
    """One with addresses of its own."""
    return picture(addresses={**NONE, kind: Reply(outcome="found", values=values)}, **more)


def caa(*values: str, owner: str = "acme.cl") -> Reply:
    return Reply(outcome="found", values=values, owner=owner)


APEX = {"domain": "acme.cl", "soa": Reply(outcome="found", zone="acme.cl")}
ALL = ('0 issue "letsencrypt.org"', '0 issue "pki.goog; cansignhttpexchanges=yes"', '0 issue "ssl.com"')

RIGHT: dict[str, tuple[Picture, list[str]]] = {
    "a CNAME to the tenant's name": (led(TARGET), []),
    "by way of another name": (led("go.acme.cl", TARGET), ["cname-chain"]),
    "what follows behind the target": (led(TARGET, "edge.example.com"), []),
    "from a wildcard": (led(TARGET, sibling=(TARGET,)), ["wildcard"]),
    "flattened at the top": (picture(**APEX, addresses=EDGE), ["flattened"]),
    "CAA that allows all three": (led(TARGET, caa=caa(*ALL)), []),
    "CAA that says nothing of issuing": (led(TARGET, caa=caa('0 iodef "mailto:a@acme.cl"')), []),
    "CAA for wildcards alone": (led(TARGET, caa=caa('0 issuewild ";"')), []),
}
WRONG: dict[str, tuple[Picture, str, tuple[str, ...], tuple[str, ...]]] = {
    "nothing at all": (picture(), "cname-missing", (SET,), ()),
    "no such name": (picture(name=Reply(outcome="nxdomain", zone="acme.cl")), "cname-missing", (SET,), ()),
    "no such domain": (
        picture(name=Reply(outcome="nxdomain", zone="cl"), soa=Reply(outcome="nxdomain", zone="cl")),
        "not-delegated",
        (SET,),
        (),
    ),
    "another target": (led("shop.other.com"), "cname-wrong", (SET,), ("www.acme.cl. IN CNAME shop.other.com.",)),
    "a wildcard to another target": (led("other.com", sibling=("other.com",)), "cname-wrong", (SET,), ()),
    "in a circle": (
        picture(chain=("a.cl", "www.acme.cl"), looped=True, name=Reply(outcome="found", values=("a.cl",))),
        "cname-loop",
        (SET,),
        ("www.acme.cl. IN CNAME a.cl.",),
    ),
    "our own name is missing": (led(TARGET, wanted=NONE), "target-missing", (), ()),
    "an address": (at("A", "203.0.113.9"), "stray-address", (SET,), ("www.acme.cl. IN A 203.0.113.9",)),
    "an IPv6 address": (at("AAAA", "2001:db8::9"), "stray-aaaa", (SET,), ("www.acme.cl. IN AAAA 2001:db8::9",)),
    "nothing at the top": (picture(**APEX), "apex", ("acme.cl. 300 IN ALIAS acme.example.com.",), ()),
    "an address at the top": (
        at("A", "203.0.113.9", **APEX),
        "apex",
        ("acme.cl. 300 IN ALIAS acme.example.com.",),
        ("acme.cl. IN A 203.0.113.9",),
    ),
    "flattened, and an AAAA that was forgotten": (
        picture(**APEX, addresses={"A": EDGE["A"], "AAAA": Reply(outcome="found", values=("2001:db8::9",))}),
        "stray-address",
        (),
        ("acme.cl. IN AAAA 2001:db8::9",),
    ),
    "another account's orange cloud": (
        at("A", "172.67.10.10", "104.21.5.5"),
        "proxied",
        (f"{SET} ; proxy status: DNS only",),
        (),
    ),
    "an orange cloud that shows our own addresses": (
        picture(addresses=EDGE),
        "proxied",
        (f"{SET} ; proxy status: DNS only",),
        (),
    ),
    "CAA for another authority": (
        led(TARGET, caa=caa('0 issue "digicert.com"')),
        "caa",
        tuple(f'acme.cl. 300 IN CAA 0 issue "{one}"' for one in ("letsencrypt.org", "pki.goog", "ssl.com")),
        (),
    ),
    "CAA that lacks one": (led(TARGET, caa=caa(*ALL[:2])), "caa", ('acme.cl. 300 IN CAA 0 issue "ssl.com"',), ()),
    "CAA that forbids all": (
        led(TARGET, caa=caa('0 issue ";"', owner="www.acme.cl")),
        "caa",
        tuple(f'www.acme.cl. 300 IN CAA 0 issue "{one}"' for one in ("letsencrypt.org", "pki.goog", "ssl.com")),
        (),
    ),
    "CAA narrowed to DNS": (
        led(TARGET, caa=caa('0 issue "letsencrypt.org; validationmethods=dns-01"', *ALL[1:])),
        "caa",
        ('acme.cl. 300 IN CAA 0 issue "letsencrypt.org"',),
        (),
    ),
    "CAA narrowed to an account": (
        led(TARGET, caa=caa('0 issue "ssl.com; accounturi=https://x/1"', *ALL[:2])),
        "caa",
        ('acme.cl. 300 IN CAA 0 issue "ssl.com"',),
        (),
    ),
    "a critical tag": (led(TARGET, caa=caa('128 tbs "x"')), "caa-critical", (), ()),
}


@pytest.mark.parametrize("case", RIGHT)
def test_what_leads_here_is_right(case: str) -> None:
    """Nothing blocks; what is worth knowing is told."""
    given, kinds = RIGHT[case]
    found = judged(given)
    assert [one.kind for one in found] == kinds
    assert not any(one.blocks for one in found)


@pytest.mark.parametrize("case", WRONG)
def test_each_fault_has_its_name_and_the_records_to_set(case: str) -> None:
    """One finding that blocks, ready to be pasted."""
    given, kind, records, remove = WRONG[case]
    (one,) = [one for one in judged(given) if one.blocks]
    assert (one.kind, one.records, one.remove) == (kind, records, remove)


@pytest.mark.parametrize("outcome", ["servfail", "timeout"])
def test_what_was_not_answered_is_nobodys_mistake(outcome: Outcome) -> None:
    """Neither a missing record nor a wrong one is claimed, and the two are told apart."""
    lost = Reply(outcome=outcome, says="the servers said so")
    for given in (picture(name=lost), picture(addresses={"A": EMPTY, "AAAA": lost})):
        assert [(one.kind, one.records, one.blocks) for one in judged(given)] == [(outcome, (), True)]
    assert [one.kind for one in judged(led("other.com", caa=lost))] == ["cname-wrong", outcome]


# -- A real DNS server -----------------------------------------------------------------------------------------------


ZONE = """
www.acme.cl. 300 IN CNAME acme.example.com.
long.acme.cl. 300 IN CNAME go.acme.cl.
go.acme.cl. 300 IN CNAME acme.example.com.
loop.acme.cl. 300 IN CNAME pool.acme.cl.
pool.acme.cl. 300 IN CNAME loop.acme.cl.
old.acme.cl. 300 IN A 203.0.113.9
old.acme.cl. 300 IN AAAA 2001:db8::9
proxied.acme.cl. 300 IN A 172.67.10.10
acme.cl. 300 IN A 203.0.113.10
flat.cl. 300 IN A 104.16.1.1
strict.cl. 300 IN CAA 0 issue "digicert.com"
www.strict.cl. 300 IN CNAME acme.example.com.
*.wild.cl. 300 IN CNAME acme.example.com.
acme.example.com. 300 IN A 104.16.1.1
"""
TOPS = ("acme.cl.", "flat.cl.", "strict.cl.", "wild.cl.", "example.com.", "cl.", "com.")


def _sockets() -> tuple[socket.socket, socket.socket]:
    """One port of both protocols, which somebody else may have of the other."""
    while True:
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
        else:
            return udp, tcp


class Server:
    """Answers over UDP and TCP as a resolver does: follows CNAMEs, knows wildcards and whose zone a name is in."""

    def __init__(self) -> None:
        self.sets: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], dns.rrset.RRset] = {}
        for line in ZONE.strip().splitlines():
            name, ttl, _, kind, value = line.split(" ", 4)
            made = dns.rrset.from_text(name, int(ttl), "IN", kind, value)
            assert (made.name, made.rdtype) not in self.sets, line
            self.sets[made.name, made.rdtype] = made
        self.udp, self.tcp = _sockets()
        self.port = int(self.udp.getsockname()[1])
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def close(self) -> None:
        self.udp.close()
        self.tcp.close()

    def _serve_udp(self) -> None:
        while True:
            try:
                wire, peer = self.udp.recvfrom(4096)
            except OSError:
                return
            answer = self._answer(dns.message.from_wire(wire))
            if answer is not None:
                name = answer.question[0].name.to_text()
                if name.startswith("long."):  # too long for a datagram: asked again over TCP
                    answer.flags |= dns.flags.TC
                    answer.answer.clear()
                self.udp.sendto(answer.to_wire(), peer)

    def _serve_tcp(self) -> None:
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            with connection:
                size = int.from_bytes(connection.recv(2), "big")
                answer = self._answer(dns.message.from_wire(connection.recv(size)))
                if answer is not None:
                    wire = answer.to_wire()
                    connection.sendall(len(wire).to_bytes(2, "big") + wire)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        answer = dns.message.make_response(query, recursion_available=True)
        name, kind = query.question[0].name, query.question[0].rdtype
        if name.to_text().startswith("silent."):
            return None
        if name.to_text().startswith("broken."):
            answer.set_rcode(dns.rcode.SERVFAIL)
            return answer
        for _ in range(4):
            found, alias = self._find(name, kind), self._find(name, dns.rdatatype.CNAME)
            if found is None and alias is not None:
                answer.answer.append(alias)
                name = alias[0].target
                continue
            if found is not None:
                answer.answer.append(found)
            break
        if not answer.answer or answer.answer[-1].rdtype != kind:
            self._nothing(answer, name)
        return answer

    def _find(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> dns.rrset.RRset | None:
        if kind == dns.rdatatype.SOA and name.to_text() in TOPS:
            return self._soa(name.to_text())
        exact = self.sets.get((name, kind))
        wild = self.sets.get((dns.name.from_text("*", name.parent()), kind)) if len(name.labels) > 2 else None
        if exact is None and wild is not None and not self._exists(name):
            return dns.rrset.from_rdata_list(name, wild.ttl, list(wild))
        return exact

    def _exists(self, name: dns.name.Name) -> bool:
        return name.to_text() in TOPS or any(known.is_subdomain(name) for known, _ in self.sets)

    def _nothing(self, answer: dns.message.Message, name: dns.name.Name) -> None:
        wild = any(key[0] == dns.name.from_text("*", name.parent()) for key in self.sets)
        if not self._exists(name) and not wild:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        tops = [top for top in TOPS if name.is_subdomain(dns.name.from_text(top))]
        answer.authority.append(self._soa(max(tops, key=len)))

    @staticmethod
    def _soa(top: str) -> dns.rrset.RRset:
        return dns.rrset.from_text(top, 300, "IN", "SOA", f"ns.{top} admin.{top} 1 3600 600 86400 300")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """It listens on this machine alone."""
    made = Server()
    yield made
    made.close()


ASKED = {
    "www.acme.cl": [],
    "long.acme.cl": ["cname-chain"],
    "x.wild.cl": ["wildcard"],
    "flat.cl": ["flattened"],
    "loop.acme.cl": ["cname-loop"],
    "missing.acme.cl": ["cname-missing"],
    "www.unregistered.cl": ["not-delegated"],
    "old.acme.cl": ["stray-address"],
    "proxied.acme.cl": ["proxied"],
    "acme.cl": ["apex"],
    "www.strict.cl": ["caa"],
    "broken.acme.cl": ["servfail", "servfail"],
}


@pytest.mark.parametrize("domain", ASKED)
def test_a_real_dns_server_is_understood(server: Server, domain: str) -> None:
    """Chains, wildcards, the tops of zones, and failures."""
    found = judged(looked_at(domain, TARGET, Resolver((f"127.0.0.1:{server.port}",), timeout_s=2)))
    assert [one.kind for one in found] == ASKED[domain]


def test_silence_is_a_time_out_and_no_mistake_of_anybody(server: Server) -> None:
    """Told apart from SERVFAIL."""
    found = judged(looked_at("silent.acme.cl", TARGET, Resolver((f"127.0.0.1:{server.port}",), timeout_s=0.3)))
    assert {one.kind for one in found} == {"timeout"}


@pytest.mark.parametrize("text", ["one.one.one.one", "1.1.1.1:dns", ""])
def test_what_is_no_resolver_is_refused(text: str) -> None:
    """With the mend."""
    with pytest.raises(NoResolver, match=r"as in 1\.1\.1\.1"):
        Resolver((text,)).ready()


# -- The command -----------------------------------------------------------------------------------------------------


class Registered(Setting):
    """Tenants that are registered; none of their files has a mistake."""

    left_out: tuple[str, ...] = ()

    @property
    def entries(self) -> list[Entry]:
        """One of them."""
        from pathlib import Path

        values = {"rut": "12345678-5", "name": "Acme", "domain": TARGET, "tier": "enterprise", "domains": list(ASKED)}
        return [Entry(Tenant.model_validate(values), Path("acme.yaml"))]


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry has these domains."""
    monkeypatch.setattr("tenants.lifecycle.registry_of", lambda *_: Registered())


@pytest.mark.usefixtures("registered")
def test_the_command_ends_with_0_only_when_all_is_right(server: Server) -> None:
    """And says what to set."""
    runner, asked = CliRunner(), ("--resolver", f"127.0.0.1:{server.port}")
    right = runner.invoke(command.app, ["check", "WWW.acme.cl.", *asked])
    assert (right.exit_code, right.stdout) == (0, f"www.acme.cl: leads to {TARGET} (tenant acme)\n")
    wrong = runner.invoke(command.app, ["check", "old.acme.cl", *asked])
    assert wrong.exit_code == 1
    assert "remove  old.acme.cl. IN AAAA 2001:db8::9" in wrong.stdout
    assert "set     old.acme.cl. 300 IN CNAME acme.example.com." in wrong.stdout


@pytest.mark.usefixtures("registered")
def test_the_command_tells_programs_the_same(server: Server) -> None:
    """One JSON object, whole."""
    asked = ["check", "missing.acme.cl", "--json", "--resolver", f"127.0.0.1:{server.port}"]
    report = json.loads(CliRunner().invoke(command.app, asked).stdout)
    assert (report["ok"], report["tenant"], report["target"]) == (False, "acme", TARGET)
    assert [Finding(**one).kind for one in report["findings"]] == ["cname-missing"]


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(("domain", "words"), [("www.other.cl", "no tenant's file lists"), (TARGET, "own zone")])
def test_only_tenants_own_domains_are_asked_for(domain: str, words: str) -> None:
    """Of anything else nothing is known that could be right or wrong."""
    ended = CliRunner().invoke(command.app, ["check", domain, "--resolver", "127.0.0.1:9"])
    assert isinstance(ended.exception, BadInput)
    assert words in str(ended.exception)
