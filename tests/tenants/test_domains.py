"""A tenant's own domains: custom hostnames at Cloudflare, and what waits for the customer is told, not failed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from sandbox.core.compiler import compile_schema
from sandbox.core.schema import Schema
from tenants.model import Tenant
from tenants.stack import program
from tenants.steps.domains import pending, refused
from tests.components.declared import Answers, Declared, Recorder, resolved
from tests.tenants.test_stack import SECRETS, platform

HOSTNAME = "cloudflare:index/customHostname:CustomHostname"
TENANT = Tenant.model_validate(
    {
        "rut": "12345678-5",
        "name": "Acme",
        "domain": "acme-2.example.com",
        "tier": "pro",
        "domains": ["www.acme.cl", "shop.acme.cl"],
    }
)


class Cloudflare(Answers):
    """Says of a custom hostname what it is told to say, and remembers what it was asked."""

    def __init__(self, status: str) -> None:
        self.status = status
        self.asked: list[dict[str, Any]] = []

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """How it is now."""
        assert args.token == "cloudflare:index/getCustomHostname:getCustomHostname"
        self.asked.append(dict(args.args))
        return {"status": self.status, "verificationErrors": ["custom hostname does not CNAME to this zone."]}, []


def run(
    monkeypatch: pytest.MonkeyPatch, status: str, takes: bool, tenant: Tenant = TENANT
) -> tuple[list[Declared], Any]:
    """What is declared, and what the stack tells."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", lambda _, known: given.update(known))
    monitor, cloud = Recorder(), Cloudflare(status)
    monitor.mocks = cloud
    mocks.set_mocks(cloud, project="smarteros-tenants", stack="acme-2", preview=False, monitor=monitor)
    where = replace(platform(with_vault=True), custom_domains=takes)
    found: dict[str, Any] = {}

    def declare() -> Any:
        program(tenant, where, SECRETS)()
        keys = ("domains", "pending")
        return pulumi.Output.from_input({key: given[key] for key in keys if key in given}).apply(found.update)

    pulumi.runtime.test(declare)()  # type: ignore[no-untyped-call] # untyped SDK
    assert len(cloud.asked) == (len(tenant.domains) if takes else 0)
    return list(monitor.declared), found


def test_each_domain_is_a_custom_hostname_of_the_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validated by HTTP, which asks nothing of the customer but the record; in the vendor's words."""
    declared, _ = run(monkeypatch, "pending", takes=True)
    made = [resolved(one.inputs) for one in declared if one.token == HOSTNAME]
    assert {one["hostname"] for one in made} == {"www.acme.cl", "shop.acme.cl"}
    schema = Schema(compile_schema([HOSTNAME]))
    for one in made:
        assert (one["ssl"]["method"], one["ssl"]["type"]) == ("http", "dv")
        assert list(schema.failures(HOSTNAME, one)) == []


def test_what_waits_for_the_customer_is_pending_with_the_record_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reason and mend, and no failure."""
    _, given = run(monkeypatch, "pending", takes=True)
    assert [one["status"] for one in given["domains"]] == ["pending", "pending"]
    first = given["pending"][0]
    assert first["what"] == "domain www.acme.cl"
    assert "does not CNAME" in first["reason"]
    assert "www.acme.cl CNAME acme-2.example.com" in first["mend"]


def test_an_active_domain_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was pending in the last run is asked anew."""
    _, given = run(monkeypatch, "active", takes=True)
    assert given["pending"] == []
    assert {one["status"] for one in given["domains"]} == {"active"}


def test_a_platform_without_own_domains_leaves_them_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cloudflare for SaaS is enabled by a human: until then nothing is declared, and nothing fails."""
    declared, given = run(monkeypatch, "pending", takes=False)
    assert not [one for one in declared if one.token == HOSTNAME]
    assert given["pending"] == refused(TENANT.domains)


def test_a_tenant_without_domains_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty list, so that whoever reads it needs no guess."""
    _, given = run(monkeypatch, "pending", takes=True, tenant=TENANT.model_copy(update={"domains": ()}))
    assert given == {"pending": []}


@pytest.mark.parametrize("status", ["pending", "moved", "blocked", "pending_deletion", ""])
def test_whatever_is_not_active_is_told(status: str) -> None:
    """With Cloudflare's own word."""
    (one,) = pending("www.acme.cl", "acme.example.com", {"status": status})
    assert (status or "pending") in one["reason"]
