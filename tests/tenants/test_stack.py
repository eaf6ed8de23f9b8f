"""What a tenant's stack declares: only what is the tenant's, with limited logins, and no secret in the open."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest
from pulumi.runtime import mocks

from policy.rule import Facts, Resource
from policy.rules import vault_paths_confined
from sandbox.core.compiler import compile_schema
from sandbox.core.schema import Schema
from sandbox.vault.server.policy import ACL, parse
from tenants.fingerprint import Fingerprints
from tenants.known import Known
from tenants.model import Tenant
from tenants.platform import Blobs, Platform, Redis, Server, Vault
from tenants.secrets import TenantSecrets, VaultLogin
from tenants.stack import program
from tenants.vault_policies import confined_policy
from tests.components.declared import Answers, Declared, Hidden, Recorder, resolved

TENANT = Tenant.model_validate({"rut": "12345678-5", "name": "Acme", "domain": "acme-2.example.com"})
NOTHING_KNOWN = Known(None, cast(Fingerprints, SimpleNamespace(key=b"", of=lambda _: "")))
SECRETS = TenantSecrets(
    cloudflare_token="t" * 40 + "cloudflare",
    provisioner_password="Throw4way-provisioner",
    vault=VaultLogin(role_id="Throw4way-role", secret_id="Throw4way-secret"),
)


BLOBS = {
    "azure": Blobs(
        kind="azure",
        subscription_id="00000000-0000-4000-8000-000000000001",
        tenant_id="00000000-0000-4000-8000-000000000002",
        resource_group="rg-smarteros-prod",
        location="westeurope",
        account="stsmarterosprod",
        prefix="id-smarteros-prod",
    ),
    "r2": Blobs(kind="r2", account_id="f" * 32, prefix="smarteros-backup"),
}


def platform(with_vault: bool, where: str = "azure") -> Platform:
    """A platform that is up."""
    server = Server(
        name="vps",
        host="172.30.1.11",
        local_port=15433,
        sslmode="disable",
        login="smarteros_provisioner_login",
        provisioner="smarteros_provisioner",
        template="smarteros_tenant",
    )
    return Platform(
        system="smarteros",
        environment="prod",
        domain="example.com",
        zone_id="0" * 32,
        edge_name="edge.example.com",
        holding_name="pausa.example.com",
        server=server,
        vault=Vault(local_port=15440) if with_vault else None,
        redis=Redis(local_port=15441, host="redis", login="provisioner"),
        blobs=BLOBS[where],
    )


@cache
def declared(with_vault: bool = True, where: str = "azure", state: str = "active") -> tuple[Declared, ...]:
    """All that is asked for."""
    tenant = TENANT.model_copy(update={"state": state})
    monitor = Recorder()
    mocks.set_mocks(Answers(), project="smarteros-tenants", stack="acme-2", preview=False, monitor=monitor)
    pulumi.runtime.test(program(tenant, platform(with_vault, where), SECRETS))()  # type: ignore[no-untyped-call] # untyped SDK
    return tuple(monitor.declared)


def inputs(token: str) -> dict[str, Any]:
    """The inputs of the one resource of a type."""
    (found,) = (one for one in declared() if one.token == token)
    return dict(found.inputs)


def test_every_resource_is_what_the_vendors_sdk_takes() -> None:
    """Also those that are declared by their token, without the SDK."""
    ours = ("pulumi:", "smarteros-apps:")
    every = [*declared(), *declared(where="r2")]
    tokens = sorted({one.token for one in every if one.custom and not one.token.startswith(ours)})
    schema = Schema(compile_schema(tokens))
    for one in [*declared(), *declared(where="r2")]:
        if one.token in tokens:
            assert list(schema.failures(one.token, resolved(one.inputs))) == [], one.name


def test_the_name_leads_to_the_edge_through_cloudflare() -> None:
    """Proxied: the host's address is not told."""
    record = inputs("cloudflare:index/dnsRecord:DnsRecord")
    assert (record["name"], record["type"], record["content"]) == ("acme-2.example.com", "CNAME", "edge.example.com")
    assert record["proxied"] is True


def test_the_database_is_the_tenants_alone() -> None:
    """Its owner is a role without powers; nobody else may connect; it can't be deleted by mistake."""
    owner, database = inputs("postgresql:index/role:Role"), inputs("postgresql:index/database:Database")
    assert owner["name"] == database["name"] == database["owner"] == "t_acme_2"
    assert not {"superuser", "createRole", "createDatabase", "replication"} & set(owner)
    assert owner["connectionLimit"] > 0
    closed = inputs("postgresql:index/grant:Grant")
    assert (closed["database"], closed["role"], closed["privileges"]) == ("t_acme_2", "public", [])
    assert next(one for one in declared() if one.token.endswith(":Database") and one.custom).protect


def test_the_provisioner_keeps_the_rights_that_it_was_lent() -> None:
    """What the provider reads of them is another membership, and no change; and the role ends though its provider would
    give what it owns to a login whose rights nobody has. What is revoked of a database ends with it.
    """
    by_token = {one.token: one for one in declared() if one.token.startswith("postgresql:")}
    lent, database = by_token["postgresql:index/grantRole:GrantRole"], by_token["postgresql:index/database:Database"]
    assert (lent.inputs["role"], lent.ignored) == ("smarteros_provisioner", ("withAdminOption",))
    assert lent.urn in database.dependencies
    assert inputs("postgresql:index/role:Role")["skipReassignOwned"] is True
    assert by_token["postgresql:index/grant:Grant"].deleted_with == database.urn


def test_the_administrator_is_not_needed() -> None:
    """The server is reached as the provisioner, Vault as its AppRole; no root token and no superuser."""
    server = next(one for one in declared() if one.token == "pulumi:providers:postgresql").inputs
    assert (resolved(server)["username"], resolved(server)["superuser"]) == ("smarteros_provisioner_login", "false")
    vault = next(one for one in declared() if one.token == "pulumi:providers:vault").inputs
    assert "token" not in vault
    assert "approle" in str(resolved(vault)["authLogin"])


def test_every_secret_is_one_to_the_engine() -> None:
    """Passwords, tokens and what is made of them."""
    shown = str([_open(one.inputs) for one in declared()])
    for text in ("Throw4way", "t" * 40, "Rand0m"):
        assert text not in shown


def _open(value: Any) -> Any:
    if isinstance(value, Hidden):
        return "(secret)"
    if isinstance(value, dict):
        return {key: _open(inner) for key, inner in value.items()}
    return [_open(inner) for inner in value] if isinstance(value, list) else value


def test_without_vault_the_rest_is_the_same() -> None:
    """A platform without Vault has tenants too."""
    names = {one.name for one in declared(False)} - {"smarteros-tenants-acme-2"}  # the stack is declared once a process
    assert names == {one.name for one in declared() if "vault" not in one.name} - {"smarteros-tenants-acme-2"}
    assert len(names) >= 19  # those of no step would be none: that would prove nothing


@pytest.mark.parametrize(
    ("path", "operation", "allowed"),
    [
        ("kv-acme-2/data/database", "read", True),
        ("kv-acme-2/metadata/x", "list", True),
        ("transit/hmac/tenant-acme-2", "update", True),
        ("transit/verify/tenant-acme-2", "update", True),
        ("kv-acme/data/database", "read", False),
        ("kv-acme-20/data/database", "read", False),
        ("kv-acme-2x/data/database", "read", False),
        ("transit/hmac/tenant-acme", "update", False),
        ("transit/keys/tenant-acme-2", "delete", False),
        ("transit/export/hmac-key/tenant-acme-2", "read", False),
        ("sys/policies/acl/tenant-acme-2", "update", False),
        ("auth/approle/role/tenant-acme-2/secret-id", "update", False),
        ("platform/data/x", "read", False),
    ],
)
def test_a_tenants_policy_opens_its_own_and_nothing_else(path: str, operation: str, allowed: bool) -> None:
    """By Vault's own rules of matching."""
    assert ACL([parse(confined_policy(TENANT.names))]).allows(operation, path) is allowed


def test_the_policy_passes_the_pack() -> None:
    """The rule on Vault's paths agrees."""
    policy = inputs("vault:index/policy:Policy")
    rule = vault_paths_confined.RULE
    resource = Resource(token="vault:index/policy:Policy", name="vault-policy", inputs=policy)
    assert list(rule.check(resource, Facts(environment="prod", domain="example.com", hosts=(), tenant="acme-2"))) == []


def one_of(name: str, **kind: Any) -> dict[str, Any]:
    """The inputs of one resource, by its name."""
    (found,) = (one for one in declared(**kind) if one.name == name)
    return dict(resolved(found.inputs))


def test_a_suspended_tenant_has_every_door_closed_and_everything_else_as_it_was() -> None:
    """The same resources, but that its identity reaches its storage; other inputs for exactly the doors."""
    active, suspended = (
        {one.name: resolved(one.inputs) for one in declared(state=state)} for state in ("active", "suspended")
    )
    assert set(active) - set(suspended) - {"smarteros-tenants-acme-2"} == {"blobs-reach"}
    assert set(suspended) <= set(active)
    changed = {name for name in suspended if name in active and suspended[name] != active[name]}
    assert changed == {"database-owner", "database-sessions", "vault-policy", "dns-record"}
    owner = suspended["database-owner"]
    assert (owner["login"], owner["connectionLimit"]) == (False, 0)
    assert owner["password"] == active["database-owner"]["password"]
    assert suspended["database-sessions"]["allowed"] is False
    assert suspended["dns-record"]["content"] == "pausa.example.com"


@pytest.mark.parametrize("path", ["kv-acme-2/data/database", "transit/hmac/tenant-acme-2", "auth/token/lookup-self"])
def test_a_suspended_tenants_tokens_are_worth_nothing(path: str) -> None:
    """By Vault's own rules of matching."""
    rules = one_of("vault-policy", state="suspended")["policy"]
    for operation in ("read", "update", "list", "delete"):
        assert not ACL([parse(rules)]).allows(operation, path)


def test_an_identity_reaches_the_tenants_own_container_and_no_other() -> None:
    """The role is assigned on the container, not on the account."""
    reach = one_of("blobs-reach")
    assert (reach["scope"], reach["principalType"]) == ("blobs-container-id", "ServicePrincipal")
    assert reach["principalId"] == "00000000-0000-4000-8000-00000000000a"
    assert one_of("blobs-container")["publicAccess"] == "None"
    assert one_of("blobs-bucket", where="r2")["name"] == "smarteros-backup-t-acme-2"


def test_the_name_goes_before_what_it_leads_to() -> None:
    """So it is made last, and at the end nobody is led to something half gone."""
    (record,) = (one for one in declared() if one.name == "dns-record")
    before = " ".join(record.dependencies)
    for name in ("database-database", "blobs-container", "vault-mount"):
        assert name in before


def test_what_holds_data_is_protected() -> None:
    """Database, mount, key, blobs."""
    protected = {one.name for one in declared() if one.protect}
    assert protected == {"database-database", "vault-mount", "vault-key", "blobs-container"}
