"""Every name lies in the zone."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import UNKNOWN, Facts
from policy.rules.names_in_zone import RULE
from tests.policy.judged import said

APP = "azure-native:app:ContainerApp"
HOSTNAME = "cloudflare:index/customHostname:CustomHostname"
FALLBACK = "cloudflare:index/customHostnameFallbackOrigin:CustomHostnameFallbackOrigin"
BOX = "docker:index/container:Container"
CERTIFICATE = "cloudflare:index/originCaCertificate:OriginCaCertificate"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"


def routed(rule: str) -> dict[str, Any]:
    return {"labels": [{"label": "traefik.http.routers.x.rule", "value": rule}]}


RIGHT: list[tuple[str, dict[str, Any]]] = [
    (RECORD, {"name": "n8n.example.com"}),
    (RECORD, {"name": "Example.com."}),
    (RECORD, {"name": "*.example.com"}),
    (RECORD, {"name": UNKNOWN}),
    (FALLBACK, {"origin": "edge.example.com"}),
    (BOX, routed("Host(`a.example.com`) || Host(`b.example.com`)")),
    (BOX, routed("Host(`a.example.com`) && PathPrefix(`/x`)")),
    (BOX, {"labels": [{"label": "traefik.enable", "value": "true"}]}),
    (APP, {"configuration": {"ingress": {"customDomains": [{"name": "n8n.example.com"}]}}}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (RECORD, {"name": "n8n.example.org"}, "n8n.example.org"),
    (RECORD, {"name": "badexample.com"}, "outside"),
    (HOSTNAME, {"hostname": "www.acme.cl"}, "www.acme.cl"),
    (FALLBACK, {"origin": "edge.example.org"}, "edge.example.org"),
    (BOX, routed("Host(`a.example.com`) || Host(`b.example.org`)"), "b.example.org"),
    (BOX, routed("HostRegexp(`.*`)"), "HostRegexp"),
    (BOX, routed("hostregexp(`.*`)"), "HostRegexp"),
    (BOX, routed("PathPrefix(`/`)"), "any name"),
    (BOX, routed("Host(`a.example.com`) || PathPrefix(`/`)"), "any name"),
    (BOX, routed("!Host(`a.example.com`)"), "every name but one"),
    (BOX, routed("host(`b.example.org`)"), "b.example.org"),
    (BOX, {"labels": [{"label": "Traefik.http.routers.x.Rule", "value": "Host(`x.test`)"}]}, "x.test"),
    (APP, {"configuration": {"ingress": {"customDomains": [{"name": "x.test"}]}}}, "x.test"),
    (
        "cloudflare:index/originCaCertificate:OriginCaCertificate",
        {"hostnames": ["example.com", "*.example.net"]},
        "example.net",
    ),
]


@pytest.mark.parametrize(("token", "inputs"), RIGHT)
def test_what_is_right_passes(token: str, inputs: dict[str, Any]) -> None:
    """Nothing is said of it."""
    assert said(RULE, token, inputs) == []


@pytest.mark.parametrize(("token", "inputs", "words"), WRONG)
def test_what_is_wrong_is_told(token: str, inputs: dict[str, Any], words: str) -> None:
    """One fault, one violation, and it says what."""
    found = said(RULE, token, inputs)
    assert len(found) == 1, found
    assert words in found[0]


def test_a_tenant_has_its_own_names_only() -> None:
    """Its label and what is below it; not another tenant's, not the zone's."""
    acme = Facts(environment="prod", domain="example.com", tenant="acme")
    for name in ("acme.example.com", "shop.acme.example.com"):
        assert said(RULE, RECORD, {"name": name}, acme) == []
    for name in ("example.com", "other.example.com", "notacme.example.com", "*.example.com"):
        assert len(said(RULE, RECORD, {"name": name}, acme)) == 1


def test_a_tenant_has_the_domains_of_its_own_file() -> None:
    """As a custom hostname, and as a router's name; no other domain, and never as a record of the zone."""
    acme = Facts(environment="prod", domain="example.com", tenant="acme", tenant_domains=("www.acme.cl",))
    assert said(RULE, HOSTNAME, {"hostname": "www.acme.cl"}, acme) == []
    assert said(RULE, BOX, routed("Host(`acme.example.com`) || Host(`www.acme.cl`)"), acme) == []
    for name in ("acme.cl", "www.beta.cl", "x.www.acme.cl", "other.example.com"):
        assert len(said(RULE, HOSTNAME, {"hostname": name}, acme)) == 1, name
    assert len(said(RULE, RECORD, {"name": "www.acme.cl"}, acme)) == 1
    assert Facts.of(acme.as_config()) == acme


def test_without_the_zone_nothing_is_guessed() -> None:
    """Nobody told which zone: another rule says so."""
    assert said(RULE, RECORD, {"name": "x.test"}, Facts()) == []
