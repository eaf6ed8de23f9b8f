"""Names of the zone lead to what is ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policy.rule import UNKNOWN
from policy.rules.names_lead_here import RULE
from tests.policy.judged import FACTS, said

RECORD = "cloudflare:index/dnsRecord:DnsRecord"


def record(kind: str, content: Any, name: str = "x.example.com") -> dict[str, Any]:
    """A record."""
    return {"type": kind, "name": name, "content": content}


RIGHT: list[tuple[str, dict[str, Any]]] = [
    (RECORD, record("A", "203.0.113.10")),
    (RECORD, record("A", UNKNOWN)),
    (RECORD, record("CNAME", "edge.example.com")),
    (RECORD, record("CNAME", "ca-x.blue.brazilsouth.azurecontainerapps.io")),
    (RECORD, record("TXT", '"A1B2"', "asuid.x.example.com")),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (RECORD, record("A", "198.51.100.9"), "no host of the settings"),
    (RECORD, record("CNAME", "evil.example"), "leads out of the zone"),
    (RECORD, record("CNAME", "evilexample.com"), "leads out of the zone"),
    (RECORD, record("TXT", '"v=spf1 +all"'), "no proof"),
    (RECORD, record("TXT", '"v=spf1 +all"', "asuid.x.example.com"), "no proof"),
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


def test_a_tenants_leads_to_one_of_the_platforms_doors() -> None:
    """Not to a service, nor to another tenant."""
    acme = replace(FACTS, tenant="acme", doors=("edge.example.com", "pausa.example.com"))
    assert said(RULE, RECORD, record("CNAME", "pausa.example.com"), acme) == []
    for kind, content in (("CNAME", "n8n.example.com"), ("CNAME", "other.example.com"), ("A", "203.0.113.10")):
        assert len(said(RULE, RECORD, record(kind, content), acme)) == 1
