"""Roles of databases have no powers over others' data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policy.rule import Resource
from policy.rules.database_roles_confined import RULE
from tests.policy.judged import FACTS, said

ROLE = "postgresql:index/role:Role"
GRANT = "postgresql:index/grant:Grant"
MEMBER = "postgresql:index/grantRole:GrantRole"
DATABASE = "postgresql:index/database:Database"

RIGHT: list[tuple[str, dict[str, Any]]] = [
    (ROLE, {"name": "n8n", "login": True, "connectionLimit": 10.0}),
    (ROLE, {"name": "smarteros_provisioner_login", "login": True, "roles": ["smarteros_provisioner"]}),
    (MEMBER, {"role": "smarteros_provisioner", "grantRole": "odoo"}),
    (DATABASE, {"name": "n8n", "owner": "n8n", "template": "template0"}),
    (DATABASE, {"name": "smarteros_tenant", "template": "template0", "isTemplate": True}),
    (ROLE, {"name": "smarteros_provisioner", "createRole": True, "createDatabase": True}),
    (GRANT, {"role": "public", "objectType": "database", "privileges": []}),
]
LENT = {"role": "smarter", "grantRole": "n8n"}
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (ROLE, {"name": "n8n", "connectionLimit": 10.0, "superuser": True}, "superuser"),
    (ROLE, {"name": "n8n", "connectionLimit": 10.0, "roles": ["pg_read_all_data"]}, "pg_read_all_data"),
    (MEMBER, {"role": "n8n", "grantRole": "PG_Execute_Server_Program"}, "PG_Execute_Server_Program"),
    (GRANT, {"role": "PUBLIC", "objectType": "database", "database": "n8n", "privileges": ["CONNECT"]}, "everybody"),
    (MEMBER, {"role": "metabase", "grantRole": "n8n"}, "all that is its"),
    (MEMBER, LENT, "smarter gets the role n8n"),
    (MEMBER, {"role": "smarteros_provisioner", "grantRole": "chatwoot"}, "makes no databases for it"),
    (MEMBER, {"role": "smarteros_provisioner", "grantRole": "smarteros_admin"}, "makes and reads everything"),
    (GRANT, {"role": "n8n", "objectType": "schema", "privileges": ["USAGE"]}, "n8n gets USAGE"),
    (GRANT, {"role": "n8n", "objectType": "database", "privileges": []}, "only from public"),
    (ROLE, {"name": "n8n", "connectionLimit": 10.0, "roles": ["chatwoot"]}, "has all that is its"),
    (ROLE, {"name": "n8n", "connectionLimit": 10.0, "assumeRole": "chatwoot"}, "acts as chatwoot"),
    (ROLE, {"name": "n8n"}, "connectionLimit"),
    (ROLE, {"name": "n8n", "connectionLimit": -1.0}, "connectionLimit"),
    (ROLE, {"name": "smarteros_provisioner", "login": True}, "logs in itself"),
    (DATABASE, {"name": "n8n", "owner": "chatwoot"}, "is chatwoot's"),
    (DATABASE, {"name": "n8n", "owner": "n8n", "isTemplate": True}, "may copy n8n"),
    (DATABASE, {"name": "smarteros_tenant", "template": "template0"}, "can't be copied"),
    (DATABASE, {"name": "smarteros_tenant", "isTemplate": True, "owner": "t_acme"}, "is t_acme's"),
    (ROLE, {"name": "n8n", "connectionLimit": 10.0, "bypassRowLevelSecurity": True}, "bypassRowLevelSecurity"),
    (ROLE, {"name": "n8n", "connectionLimit": 10.0, "replication": True}, "replication"),
    (ROLE, {"name": "n8n", "connectionLimit": 10.0, "createRole": True}, "only smarteros_provisioner"),
    (ROLE, {"name": "n8n", "connectionLimit": 10.0, "createDatabase": True}, "createDatabase"),
    (ROLE, {"name": "smarteros_provisioner", "superuser": True}, "superuser"),
    (
        GRANT,
        {"role": "public", "objectType": "database", "database": "n8n", "privileges": ["CONNECT"]},
        "on database n",
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


def test_a_role_is_lent_to_whom_its_provider_logs_in_as() -> None:
    """Whoever administers the server, and the provisioner, whose login assumes its role; nobody else."""
    for user, role in (("smarter", "smarter"), ("smarteros_provisioner_login", "smarteros_provisioner")):
        inputs = {"role": role, "grantRole": "odoo"}
        lent = Resource(token=MEMBER, name="one", inputs=inputs, provider={"username": user})
        assert list(RULE.check(lent, FACTS)) == []


def test_in_a_tenants_stack_the_provisioner_gets_the_tenants_role() -> None:
    """And it can drop it: what it owned it gives to nobody."""
    acme = replace(FACTS, tenant="acme")
    assert said(RULE, MEMBER, {"role": "smarteros_provisioner", "grantRole": "t_acme"}, acme) == []
    right = {"name": "t_acme", "connectionLimit": 10.0, "skipReassignOwned": True}
    assert said(RULE, ROLE, right, acme) == []
    (text,) = said(RULE, ROLE, {**right, "skipReassignOwned": False}, acme)
    assert "skipReassignOwned" in text
    (text,) = said(RULE, DATABASE, {"name": "t_acme", "owner": "t_acme"}, acme)
    assert "has no limit" in text
