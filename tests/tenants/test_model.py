"""A tenant's file, beyond its name: tiers and quotas, domains of its own, channels, and the schema for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tenants.model import Tenant
from tenants.registry import Registry, RegistryError, parsed
from tenants.schema import FILE, schema
from tenants.tiers import TIERS

ZONE = "example.com"
ACME: dict[str, Any] = {"rut": "12345678-5", "name": "Acme Corp", "domain": "acme.example.com"}
OTHER: dict[str, Any] = {"rut": "76086428-5", "name": "Otra Ltda.", "domain": "otra.example.com"}
NUMBER = {"number": "+56912345678", "phoneNumberId": "123456789012345"}


def tenant(**more: Any) -> Tenant:
    """Acme with more in its file."""
    found, problems = parsed({**ACME, **more}, "acme.yaml", ZONE)
    assert found, problems
    return found


def mistakes(**more: Any) -> list[str]:
    """What is wrong with Acme's file."""
    found, problems = parsed({**ACME, **more}, "acme.yaml", ZONE)
    assert found is None
    return [str(problem) for problem in problems]


def test_a_tenant_may_use_what_its_tier_allows_and_less_where_its_file_says_so() -> None:
    """The file names what differs; the rest is the tier's."""
    granted = tenant(tier="pro", quotas={"storageGb": 7}).granted
    assert granted.storage_gb == 7
    assert granted.database_connections == TIERS["pro"].database_connections


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"quotas": {"databaseConnections": 6}}, "quotas/databaseConnections: 6: the tier basic allows 5"),
        ({"quotas": {"storageGb": 0}}, "quotas/storageGb: 0: it should be greater than or equal to 1"),
        ({"quotas": {"diskGb": 1}}, "quotas/diskGb: this key is not known"),
        ({"domains": ["a.cl", "b.cl"]}, "domains: 2: there are 2, its quota allows 1"),
        ({"channels": {"email": [f"{n}@acme.cl" for n in range(4)]}}, "channels: 4: there are 4, its quota allows 3"),
        ({"isolation": {"n8n": "silo"}}, 'isolation/n8n: "silo": the tier basic has no n8n of its own'),
        ({"domains": ["www.example.com"]}, 'domains/0: "www.example.com": this name is in the platform\'s zone'),
        ({"domains": ["xn--cm-fka.cl"]}, "an encoded name (xn--)"),
        ({"tier": "pro", "domains": ["a.cl", "a.cl"]}, 'domains: "a.cl": it stands there twice'),
        ({"channels": {"whatsapp": [{"number": "912345678"}]}}, "channels/whatsapp/0/phoneNumberId: missing"),
        ({"channels": {"whatsapp": [{**NUMBER, "number": "912345678"}]}}, 'channels/whatsapp/0/number: "912345678"'),
        ({"channels": {"telegram": [{"bot": "a b"}]}}, "not the user name of a Telegram bot"),
        ({"identities": {"clerk": {"organizationId": "acme"}}}, 'identities/clerk/organizationId: "acme"'),
        ({"shopify": [{"store": "acme.cl"}]}, 'shopify/0/store: "acme.cl": not the address of a shop'),
        ({"timezone": "Chile"}, 'timezone: "Chile": not a time zone'),
        ({"wave": 10}, "wave: 10"),
        ({"state": "gone"}, 'state: "gone": not one of the choices'),
        ({"locale": "es"}, 'locale: "es": not a language and a country'),
    ],
)
def test_what_is_refused_is_named_by_its_path(more: dict[str, Any], expected: str) -> None:
    """Path, value, why and mend; before anything is made."""
    (one,) = [line for line in mistakes(**more) if expected in line]
    assert "Fix: " in one


@pytest.mark.parametrize(
    "more",
    [
        {"domains": ["www.acme.cl"]},
        {"domain": "acme.example.com", "channels": {"whatsapp": [NUMBER]}},
        {"channels": {"email": ["hola@acme.cl"]}},
        {"channels": {"telegram": [{"bot": "acme_bot"}]}},
        {"shopify": [{"store": "acme.myshopify.com"}]},
        {"identities": {"clerk": {"organizationId": "org_2abCdEfGhI"}}},
        {"identities": {"supabase": {"projectRef": "abcdefghijklmnopqrst"}}},
    ],
    ids=lambda more: next(reversed(more)),
)
def test_what_only_one_can_have_two_cannot(tmp_path: Path, more: dict[str, Any]) -> None:
    """A number, a shop, an organisation or a domain that another tenant's file has already: both files are named."""
    (tmp_path / "acme.yaml").write_text(yaml.safe_dump({**ACME, **more}))
    (tmp_path / "otra.yaml").write_text(yaml.safe_dump({**OTHER, **more, "domain": OTHER["domain"]}))
    with pytest.raises(RegistryError, match=r"tenants/registry/otra.yaml: .*tenants/registry/acme.yaml has this"):
        Registry([tmp_path], ZONE).find("otra")


def test_a_written_file_reads_back_as_the_same_tenant(tmp_path: Path) -> None:
    """Also when it says more than its name."""
    more = {"tier": "pro", "isolation": {"n8n": "silo"}, "domains": ["www.acme.cl"], "channels": {"whatsapp": [NUMBER]}}
    (tmp_path / "acme.yaml").write_text(yaml.safe_dump({**ACME, **more}))
    (entry,) = Registry([tmp_path], ZONE).entries
    assert entry.tenant == tenant(**more)


def test_the_editors_schema_is_the_models() -> None:
    """`tenants/tenant.schema.json` is up to date, refuses unknown keys and describes each one."""
    assert FILE.read_text(encoding="utf-8") == schema(), (
        "make it anew: ./smos tenant schema > tenants/tenant.schema.json"
    )
    found = json.loads(schema())
    assert found["additionalProperties"] is False
    assert all(one.get("description") for one in found["properties"].values())
