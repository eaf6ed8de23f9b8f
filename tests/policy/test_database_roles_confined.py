"""Roles of databases have no powers over others' data."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rule import Resource
from policy.rules.database_roles_confined import RULE
from tests.policy.judged import FACTS, said

ROLE = "postgresql:index/role:Role"
GRANT = "postgresql:index/grant:Grant"
MEMBER = "postgresql:index/grantRole:GrantRole"

RIGHT: list[tuple[str, dict[str, Any]]] = [
    (ROLE, {"name": "n8n", "login": True, "roles": ["n8n_readers"]}),
    (MEMBER, {"role": "smarteros_provisioner", "grantRole": "t_acme"}),
    (ROLE, {"name": "smarteros_provisioner", "createRole": True, "createDatabase": True}),
    (GRANT, {"role": "public", "objectType": "database", "privileges": []}),
    (GRANT, {"role": "n8n", "objectType": "schema", "privileges": ["USAGE"]}),
]
LENT = {"role": "smarter", "grantRole": "n8n"}
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (ROLE, {"name": "n8n", "superuser": True}, "superuser"),
    (ROLE, {"name": "n8n", "roles": ["pg_read_all_data"]}, "pg_read_all_data"),
    (MEMBER, {"role": "n8n", "grantRole": "PG_Execute_Server_Program"}, "PG_Execute_Server_Program"),
    (GRANT, {"role": "PUBLIC", "objectType": "database", "database": "n8n", "privileges": ["CONNECT"]}, "everybody"),
    (MEMBER, {"role": "metabase", "grantRole": "n8n"}, "all that is its"),
    (MEMBER, LENT, "smarter gets the role n8n"),
    (ROLE, {"name": "n8n", "bypassRowLevelSecurity": True}, "bypassRowLevelSecurity"),
    (ROLE, {"name": "n8n", "replication": True}, "replication"),
    (ROLE, {"name": "n8n", "createRole": True}, "only smarteros_provisioner"),
    (ROLE, {"name": "n8n", "createDatabase": True}, "createDatabase"),
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
        lent = Resource(token=MEMBER, name="one", inputs={**LENT, "role": role}, provider={"username": user})
        assert list(RULE.check(lent, FACTS)) == []
