"""Policies of Vault are narrow."""

from __future__ import annotations

from typing import Any

import pytest

from access.provisioner import provisioner_policy
from access.states import states_policy
from policy.rule import UNKNOWN, Facts
from policy.rules.vault_paths_confined import RULE
from tests.policy.judged import said

POLICY = "vault:index/policy:Policy"
READ = 'path "{}" {{ capabilities = ["read"] }}\n'


def policy(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "policy": text}


POWERFUL = (
    "s*",
    "sys/policies/acl/*",
    "sys/policy/*",
    "sys/+/acl/*",
    "auth/token/create",
    "auth/+/create",
    "/sys/raw/x",
)
STATES = (
    "transit/*",
    "transit/+/states",
    "transit/decrypt/*",
    "transit/decrypt/states",
    "transit/export/encryption-key/x",
    "transit/backup/x",
    "transit/restore/states",
    "transit/keys/*",
)

RIGHT: list[tuple[str, dict[str, Any]]] = [
    (POLICY, policy("access", READ.format("platform/data/n8n"))),
    (POLICY, policy("tenant-acme", READ.format("kv-acme/data/*") + READ.format("transit/encrypt/tenant-acme"))),
    (POLICY, policy("tenant-acme", "# all of it\n" + READ.format("kv-acme/*"))),
    (POLICY, policy("tenant-acme-reader", READ.format("kv-acme-reader/data/*"))),
    (POLICY, policy("provisioner", provisioner_policy())),
    (POLICY, policy("states", states_policy())),
    (POLICY, policy("n8n", READ.format("transit/encrypt/n8n"))),
    (POLICY, policy("ops", READ.format("sys/health") + READ.format("auth/token/lookup-self"))),
    (POLICY, {"name": "x", "policy": UNKNOWN}),
    (POLICY, policy("tenant-acme", '{"path": {"kv-acme/*": {"capabilities": ["read"]}}}')),
    (POLICY, policy("tenant-acme", READ.format("auth/token/renew-self"))),
    (POLICY, policy("tenant-acme", 'path "*" { capabilities = ["deny"] }')),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (POLICY, policy("tenant-acme", 'path "*" { capabilities = ["deny", "read"] }'), "opens *"),
    (POLICY, policy("tenant-acme", READ.format("kv-other/data/*")), "opens kv-other/data/*: only kv-acme/"),
    (POLICY, policy("tenant-acme", READ.format("kv-acme2/data/*")), "kv-acme2"),
    (POLICY, policy("tenant-acme", READ.format("transit/encrypt/other")), "transit/encrypt/other"),
    (POLICY, policy("tenant-acme", READ.format("transit/*")), "transit/*"),
    (POLICY, policy("tenant-acme", READ.format("+/data/x")), "+/data/x"),
    (POLICY, policy("tenant-acme", READ.format("sys/mounts")), "sys/mounts"),
    (POLICY, policy("tenant-acme", READ.format("kv-acme*")), "kv-acme*"),
    (POLICY, policy("tenant-acme", '{"path": {"kv-other/*": {"capabilities": ["read"]}}}'), "kv-other"),
    (POLICY, policy("ops", READ.format("*")), "everything"),
    (POLICY, policy("ops", READ.format("sys/*")), "give itself everything"),
    (POLICY, policy("ops", READ.replace("read", "sudo").format("sys/auth/*")), "sudo"),
    (POLICY, policy("tenant-acme-reader", READ.format("kv-acme/*")), "kv-acme/*"),
    *((POLICY, policy("ops", READ.format(path)), "give itself everything") for path in POWERFUL),
    (POLICY, policy("provisioner", READ.format("sys/policies/acl/*")), "give itself everything"),
    (POLICY, policy("provisioner", READ.format("sys/policies/acl")), "give itself everything"),
    (POLICY, policy("ops", READ.replace("read", "list").format("sys/policies/acl")), "give itself everything"),
    (POLICY, policy("n8n", READ.format("kv-*")), "tenants have"),
    (POLICY, policy("provisioner", READ.format("transit/decrypt/states")), "tenants' states can be read"),
    (POLICY, policy("states", READ.format("transit/keys/states")), "tenants' states can be read"),
    (POLICY, policy("states", READ.format("kv-*")), "tenants have"),
    *((POLICY, policy("n8n", READ.format(path)), "tenants' states can be read") for path in STATES),
    (POLICY, policy("tenant-states", READ.format("transit/decrypt/states")), "of the tenant states"),
    (POLICY, policy("n8n", READ.format("kv-acme/data/x")), "tenants have"),
    (POLICY, policy("ops", READ.replace("read", "sudo").format("auth/token/create")), "sudo"),
    (POLICY, policy("ops", READ.replace("read", "sudo").format("sys/health")), "sudo"),
    (POLICY, policy("ops", 'path "platform/x" { "capabilities" = ["sudo"] }'), "sudo"),
    (POLICY, policy("ops", 'path "platform/x" { policy = "sudo" }'), "no path block"),
    (POLICY, policy("ops", '{"path": {"platform/x": {"policy": "sudo"}}}'), "no path block"),
    (POLICY, policy("ops", '{"path": {"a/x": {}}, "path": {"b/x": {}}}'), "no path block"),
    (POLICY, policy("ops", READ.format("a/x") + '/*\n# */ path "*" { capabilities = ["read"] }'), "no path block"),
    (POLICY, policy("ops", READ.format("\\u002a")), "backslash"),
    (POLICY, policy("ops", "nothing that can be read"), "no path block"),
    (POLICY, policy("tenant-acme", READ.format("kv-acme/*") + "path kv-other { }"), "no path block"),
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


def test_in_a_tenants_stack_every_policy_is_the_tenants() -> None:
    """Whatever its name."""
    acme = Facts(environment="prod", domain="example.com", tenant="acme")
    assert len(said(RULE, POLICY, policy("platform", READ.format("kv-platform/data/x")), acme)) == 1
    assert said(RULE, POLICY, policy("mine", READ.format("kv-acme/data/x")), acme) == []
