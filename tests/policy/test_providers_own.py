"""Stacks log in as whom they may."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from policy.rule import UNKNOWN, Marked
from policy.rules.providers_own import RULE
from tests.policy.judged import FACTS, said

DATABASES, VAULT = "pulumi:providers:postgresql", "pulumi:providers:vault"
DOCKER, APPS = "pulumi:providers:docker", "pulumi:providers:smarteros-apps"
LOGIN = json.dumps({"host": "127.0.0.1", "user": "smarteros_provisioner_login", "password": "geheim"})
RIGHT: list[tuple[str, dict[str, Any]]] = [
    (DATABASES, {"username": "postgres", "sslmode": "disable"}),
    (DATABASES, {"username": "s_admin", "sslmode": "require"}),
    (VAULT, {"token": "x"}),
    (DOCKER, {"host": "ssh://deploy@203.0.113.10:22"}),
    (DOCKER, {"host": UNKNOWN}),
    (APPS, {"postgres": Marked(LOGIN), "redis": UNKNOWN}),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (DATABASES, {"username": "s_admin", "sslmode": "disable"}, "TLS"),
    (DOCKER, {"host": "ssh://deploy@198.51.100.9:22"}, "no host of the settings"),
    (APPS, {"postgres": LOGIN.replace("127.0.0.1", "198.51.100.9")}, "SSH forward"),
    (APPS, {"redis": "not JSON, geheim"}, "SSH forward"),
]
ACME = replace(FACTS, tenant="acme")
TENANTS: list[tuple[str, dict[str, Any], int]] = [
    (DATABASES, {"username": "smarteros_provisioner_login", "sslmode": "require", "superuser": "false"}, 0),
    (DATABASES, {"username": "postgres", "sslmode": "require", "superuser": "false"}, 1),
    (DATABASES, {"username": "smarteros_provisioner_login", "sslmode": "require"}, 1),
    (APPS, {"postgres": LOGIN}, 0),
    (APPS, {"postgres": LOGIN.replace("smarteros_provisioner_login", "postgres")}, 1),
    (VAULT, {"authLogin": Marked('{"path": "auth/approle/login"}')}, 0),
    (VAULT, {"authLogin": {"path": "auth/approle/login"}}, 0),
    (VAULT, {"authLogin": UNKNOWN}, 0),
    (VAULT, {"authLogin": {"path": "auth/userpass/login/x"}}, 1),
    (VAULT, {"token": "x", "authLogin": {"path": "auth/approle/login"}}, 1),
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


@pytest.mark.parametrize(("token", "inputs", "wrong"), TENANTS)
def test_a_tenants_stack_is_no_administrator(token: str, inputs: dict[str, Any], wrong: int) -> None:
    """It logs in as the provisioner; and no message has its password."""
    found = said(RULE, token, inputs, ACME)
    assert len(found) == wrong
    assert "geheim" not in str(found)
