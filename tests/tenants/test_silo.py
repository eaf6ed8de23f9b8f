"""A tenant's own n8n: on the platform's host, with a database and a key of its own, and labelled as the tenant's."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any

import bcrypt
import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime import mocks

from deploy.guards import NotReady
from deploy.policies import facts_of
from sandbox.core.compiler import compile_schema
from sandbox.core.schema import Schema
from settings import Settings, load_files
from settings.systems.smarteros import SmarterOSServices
from tenants.model import Tenant
from tenants.names import TenantNames
from tenants.own_host import host_of
from tenants.secrets import derived_key
from tenants.silos import refuse_no_room
from tenants.stack import program
from tests.components.declared import ROOT, Answers, Declared, Hidden, Recorder, resolved
from tests.policy.judged import violations
from tests.tenants.test_stack import SECRETS as USUAL
from tests.tenants.test_stack import platform

CONTAINER = "docker:index/container:Container"
DATABASE = "postgresql:index/database:Database"
ROOT_KEY = "c0ffee" * 10 + "0042"
SECRETS = replace(USUAL, root_key=ROOT_KEY)


@cache
def settings() -> Settings:
    """Of the platform prod."""
    return load_files("prod", ROOT)


def tenant(**more: Any) -> Tenant:
    """One that asks for an n8n of its own."""
    usual = {"rut": "12345678-5", "name": "Acme", "tier": "pro", "isolation": {"n8n": "silo"}}
    return Tenant.model_validate({**usual, "domain": f"acme-2.{settings().domain}", **more})


@cache
def declared(state: str = "active") -> tuple[Declared, ...]:
    """All that is asked for."""
    monitor = Recorder()
    mocks.set_mocks(Answers(), project="smarteros-tenants", stack="acme-2", preview=False, monitor=monitor)
    declare = program(tenant(state=state), platform(with_vault=True), SECRETS, settings())
    pulumi.runtime.test(declare)()  # type: ignore[no-untyped-call] # untyped SDK
    return tuple(monitor.declared)


def container() -> dict[str, Any]:
    """The one that runs."""
    (found,) = (one for one in declared() if one.token == CONTAINER)
    return dict(resolved(found.inputs))


def test_it_runs_on_the_host_under_the_tenants_name() -> None:
    """The tenant's name leads to the host's proxy, and the proxy to it; no network is made, and no second record."""
    found, names = container(), settings().names
    assert found["name"] == names.container("t-acme-2-n8n")
    labels = {one["label"]: one["value"] for one in found["labels"]}
    assert labels["smarteros.tenant"] == "acme-2"
    assert labels["traefik.http.routers.t-acme-2-n8n.rule"] == f"Host(`acme-2.{settings().domain}`)"
    assert [one["name"] for one in found["networksAdvanced"]] == [names.container("edge"), names.container("data")]
    tokens = [one.token for one in declared()]
    assert "docker:index/network:Network" not in tokens
    assert tokens.count("cloudflare:index/dnsRecord:DnsRecord") == 1


def test_it_has_a_database_and_a_key_of_its_own() -> None:
    """Neither is the tenant's other database, nor the platform's key; both stay whatever happens."""
    databases = {one.inputs["name"]: one for one in declared() if one.token == DATABASE}
    assert databases.keys() == {"t_acme_2", "n8n_acme_2"}
    assert databases["n8n_acme_2"].protect
    assert databases["n8n_acme_2"].inputs["owner"] == "n8n_acme_2"
    environment = dict(one.split("=", 1) for one in container()["envs"])
    assert environment["DB_POSTGRESDB_DATABASE"] == environment["DB_POSTGRESDB_USER"] == "n8n_acme_2"
    assert environment["N8N_ENCRYPTION_KEY"] == derived_key(ROOT_KEY, "n8n encryption key", "12345678-5")


def test_nobody_becomes_its_owner_by_being_the_first() -> None:
    """It answers under a public name, too: its owner is the operators', with a password that is no other tenant's."""
    environment = dict(str(one).split("=", 1) for one in resolved({"envs": container()["envs"]})["envs"])
    handed = {"N8N_INSTANCE_OWNER_MANAGED_BY_ENV", "N8N_INSTANCE_OWNER_EMAIL", "N8N_INSTANCE_OWNER_PASSWORD_HASH"}
    assert handed <= environment.keys()
    assert environment["N8N_INSTANCE_OWNER_MANAGED_BY_ENV"] == "true"
    password = derived_key(ROOT_KEY, "n8n owner password", "12345678-5")
    assert bcrypt.checkpw(password.encode(), environment["N8N_INSTANCE_OWNER_PASSWORD_HASH"].encode())
    other = derived_key(ROOT_KEY, "n8n owner password", "11111111-1")
    assert not bcrypt.checkpw(other.encode(), environment["N8N_INSTANCE_OWNER_PASSWORD_HASH"].encode())


def test_nothing_of_the_platforms_is_handed_to_it() -> None:
    """No account's key, no wire, no secret file: its workflows share nothing."""
    assert not [one for one in container()["envs"] if one.startswith(("SMOS_", "CREDENTIALS_", "OPENAI"))]
    assert not container().get("volumes")
    assert [one for one in declared() if one.token == "docker:index/volume:Volume"] == []


def test_its_key_comes_of_the_keyring_and_is_hidden() -> None:
    """The same under another slug and after every state is lost, another for each company; none tells the root."""
    keys = {derived_key(ROOT_KEY, purpose, rut) for purpose in ("a", "b") for rut in ("12345678-5", "76431209-0")}
    assert len(keys) == 4
    assert all(re.fullmatch(r"[0-9a-f]{64}", one) and one != ROOT_KEY for one in keys)
    (running,) = (one for one in declared() if one.token == CONTAINER)
    (hidden,) = (one for one in running.inputs["envs"] if "N8N_ENCRYPTION_KEY=" in str(resolved({"x": one})))
    assert isinstance(hidden, Hidden)
    with pytest.raises(NotReady, match="keys init"):
        derived_key("", "a", "12345678-5")


def test_suspended_nothing_runs_and_nothing_is_lost() -> None:
    """No container; database, role and key as before, and the role's door shut."""
    before, after = ({one.name: one for one in declared(state)} for state in ("active", "suspended"))
    assert CONTAINER not in {one.token for one in after.values()}
    assert {one.name for one in after.values() if one.protect} == {one.name for one in before.values() if one.protect}
    assert after["n8n-database-owner"].inputs["login"] is False


def test_it_is_as_large_as_its_tier_says() -> None:
    """Memory, CPUs and connections are limited."""
    assert (container()["memory"], container()["cpus"]) == (1024, "0.5")
    roles = {one.inputs["name"]: one.inputs for one in declared() if one.token == "postgresql:index/role:Role"}
    assert roles["n8n_acme_2"]["connectionLimit"] == 5


def test_every_resource_is_what_the_vendors_take_and_the_policies_allow() -> None:
    """As for the platform's own containers."""
    ours = ("pulumi:", "smarteros-apps:")
    tokens = sorted({one.token for one in declared() if one.custom and not one.token.startswith(ours)})
    schema = Schema(compile_schema(tokens))
    for one in declared():
        if one.token in tokens:
            assert list(schema.failures(one.token, resolved(one.inputs))) == [], one.name
    handed = facts_of(settings(), "acme-2")
    facts = replace(
        handed, zone_id="0" * 32, doors=("edge.example.com", "pausa.example.com")
    )  # as the platform's output
    assert list(violations(declared(), facts)) == []


def test_who_has_none_loads_no_docker() -> None:
    """The SDK takes a second to import."""
    monitor = Recorder()
    mocks.set_mocks(Answers(), project="smarteros-tenants", stack="acme-2", preview=False, monitor=monitor)
    declare = program(tenant(isolation={"n8n": "pool"}), platform(with_vault=True), SECRETS)
    pulumi.runtime.test(declare)()  # type: ignore[no-untyped-call] # untyped SDK
    assert not [one for one in monitor.declared if "docker" in one.token or "n8n" in one.name]


@pytest.mark.parametrize(("tier", "count"), [("pro", 2), ("enterprise", 1)])
def test_what_the_host_has_no_memory_for_is_refused(tier: str, count: int) -> None:
    """Suspended ones count: they may come back. Said with the sums, before anything is made."""
    host = host_of(settings())
    few = settings().model_copy(update={"hosts": (host.model_copy(update={"memory_mb": 2048}),)})
    many = [tenant(tier=tier, state="suspended", domain=f"t{number}x.{few.domain}") for number in range(count)]
    with pytest.raises(NotReady, match=r"MB for containers.*t0x.*Fix"):
        refuse_no_room(few, many)
    refuse_no_room(few, [tenant(isolation={"n8n": "pool"})])
    refuse_no_room(settings(), many)


def test_without_its_database_beside_it_it_is_refused() -> None:
    """They find each other in the host's own network alone."""
    services = settings().services
    assert services.tenants is not None
    server = next(one for one in settings().database_servers if one.name != services.tenants.database)
    other = services.tenants.model_copy(update={"database": server.name})
    changed = settings().model_copy(
        update={"services": SmarterOSServices.model_copy(services, update={"tenants": other})}
    )
    with pytest.raises(NotReady, match="database server is not there"):
        refuse_no_room(changed, [tenant()])


SLUGS = st.from_regex(r"[a-z][a-z0-9-]{1,30}[a-z0-9]", fullmatch=True)


@given(SLUGS, SLUGS)
def test_no_two_names_are_one(one: str, other: str) -> None:
    """Of two tenants, and of one tenant's two databases."""
    mine, theirs = TenantNames(one), TenantNames(other)
    assert mine.silo_database != theirs.database
    assert len(mine.silo_database) <= 63
    if one != other:
        assert mine.silo_database != theirs.silo_database
        ends = ("", "-secrets", "-secrets-loader", "-prepare")
        assert not {mine.silo + end for end in ends} & {theirs.silo + end for end in ends}
