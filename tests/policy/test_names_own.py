"""A tenant's stack names what is the tenant's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.known.names import BLOBS, CONTAINER, DATABASE, MOUNT, POLICY
from policy.known.names import ROLE as ROLE_SPACE
from policy.rule import UNKNOWN
from policy.rules.names_own import RULE
from tenants.names import TenantNames
from tests.policy.judged import FACTS, said

ROLE, BUCKET = "postgresql:index/role:Role", "cloudflare:index/r2Bucket:R2Bucket"
LOGIN = "vault:appRole/authBackendRole:AuthBackendRole"
BOX = "docker:index/container:Container"
RIGHT: list[tuple[str, dict[str, Any]]] = [
    (ROLE, {"name": "n8n"}),
    (LOGIN, {"roleName": "provisioner", "tokenPolicies": ["provisioner"]}),
    (BUCKET, {"name": "s-prod-backups"}),
    ("azure-native:app:Job", {"name": "t_acme"}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (ROLE, {"name": "t_acme"}, "t_acme is a tenant's role"),
    (ROLE, {"name": "n8n_acme"}, "a tenant's role"),
    (ROLE, {"name": "PG_monitor"}, "the vendor's own role"),
    (LOGIN, {"roleName": "x", "tokenPolicies": ["tenant-acme"]}, "tokenPolicies[0]"),
    ("vault:index/mount:Mount", {"path": "kv-acme"}, "a tenant's mount"),
    (BUCKET, {"name": "s-backup-backups"}, "another environment's"),
    (BUCKET, {"name": "s-prod-t-acme"}, "a tenant's bucket"),
    (BOX, {"volumes": [{"volumeName": "s-prod-t-acme-n8n-data"}]}, "volumes[0].volumeName"),
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


ACME = replace(FACTS, tenant="acme-2", tenant_domains=("www.acme.cl",))
OWN: list[tuple[str, dict[str, Any]]] = [
    (ROLE, {"name": "t_acme_2", "roles": []}),
    (ROLE, {"name": "n8n_acme_2"}),
    (ROLE, {"name": UNKNOWN}),
    ("postgresql:index/grant:Grant", {"role": "public", "database": "t_acme_2"}),
    ("postgresql:index/grantRole:GrantRole", {"role": "smarteros_provisioner", "grantRole": "t_acme_2"}),
    (BUCKET, {"name": "s-prod-t-acme-2"}),
    (BOX, {"name": "s-prod-t-acme-2-n8n", "envs": ["DB_POSTGRESDB_USER=n8n_acme_2", "N8N_HOST=www.acme.cl"]}),
]
OTHERS: list[tuple[str, dict[str, Any]]] = [
    (ROLE, {"name": "t_acme_22"}),
    (ROLE, {"name": "smarteros_provisioner"}),
    ("postgresql:index/grant:Grant", {"role": "t_other", "database": "t_acme_2"}),
    ("postgresql:index/grantRole:GrantRole", {"role": "smarteros_provisioner", "grantRole": "t_other"}),
    (LOGIN, {"roleName": "tenant-acme-2", "tokenPolicies": ["provisioner"]}),
    (BUCKET, {"name": "s-prod-t-acme-22"}),
    (BOX, {"name": "s-prod-t-acme-2-n8n-n8n"}),
    (BOX, {"envs": ["DB_POSTGRESDB_DATABASE=t_other"]}),
    (BOX, {"envs": ["N8N_WEBHOOK_URL=https://n8n.example.com/"]}),
    ("azure-native:authorization:RoleAssignment", {"scope": "/x/containers/t-other"}),
]


@pytest.mark.parametrize(("token", "inputs"), OWN)
def test_a_tenants_own_passes(token: str, inputs: dict[str, Any]) -> None:
    """And the few names of the platform's, where they may stand."""
    assert said(RULE, token, inputs, ACME) == []


@pytest.mark.parametrize(("token", "inputs"), OTHERS)
def test_anothers_is_told(token: str, inputs: dict[str, Any]) -> None:
    """Whatever of it is named, and however like."""
    assert len(said(RULE, token, inputs, ACME)) == 1


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.text("anr02", min_size=1, max_size=6), min_size=1, max_size=4).map(lambda parts: f"a{'-'.join(parts)}")
)
def test_names_are_those_that_the_program_makes(slug: str) -> None:
    """For every slug; and what is called so is a tenant's on the platform."""
    names, own = TenantNames(slug), replace(FACTS, tenant=slug)
    called = {
        ROLE_SPACE: (names.database, names.silo_database),
        DATABASE: (names.database, names.silo_database),
        MOUNT: (names.mount,),
        POLICY: (names.policy,),
        BLOBS: (names.blobs,),
        CONTAINER: (f"s-prod-{names.silo}", f"s-prod-{names.redis}"),
    }
    for space, every in called.items():
        for name in every:
            assert space.refuses(name, own, ()) is None
            assert space.refuses(name, FACTS, ()) is not None
            assert space.refuses(name, replace(FACTS, tenant=f"{slug}x"), ()) is not None
