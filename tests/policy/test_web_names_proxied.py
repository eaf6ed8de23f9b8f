"""Names of the web go through Cloudflare."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import UNKNOWN
from policy.rules.web_names_proxied import RULE
from tests.policy.judged import said

RECORD = "cloudflare:index/dnsRecord:DnsRecord"

RIGHT: list[tuple[str, dict[str, Any]]] = [
    (RECORD, {"type": "A", "name": "n8n.example.com", "proxied": True}),
    (RECORD, {"type": "TXT", "name": "asuid.n8n.example.com"}),
    (RECORD, {"type": "CNAME", "name": "_acme-challenge.example.com"}),
    (RECORD, {"type": "MX", "name": "example.com"}),
    (RECORD, {"type": "A", "name": "x.example.com", "proxied": UNKNOWN}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (RECORD, {"type": "A", "name": "n8n.example.com", "proxied": False}, "n8n.example.com"),
    (RECORD, {"type": "CNAME", "name": "n8n.example.com"}, "proxied: true"),
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
