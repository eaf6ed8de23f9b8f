"""Policies of Vault are narrow."""

from __future__ import annotations

from typing import Any

import pytest

from access.provisioner import provisioner_policy
from access.states import states_policy
from policy.known import vault_paths
from policy.rule import UNKNOWN, Facts
from policy.rules.vault_paths_confined import RULE, blocks_of
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
    (POLICY, policy("n8n", READ.format("platform/data/n8n"))),
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
    (POLICY, policy("tenant-acme", READ.format("kv-other/data/*")), "opens kv-other/data/* to read: only kv-acme/"),
    (POLICY, policy("tenant-acme", READ.format("kv-acme2/data/*")), "kv-acme2"),
    (POLICY, policy("tenant-acme", READ.format("transit/encrypt/other")), "transit/encrypt/other"),
    (POLICY, policy("tenant-acme", READ.format("transit/*")), "transit/*"),
    (POLICY, policy("tenant-acme", READ.format("+/data/x")), "+/data/x"),
    (POLICY, policy("tenant-acme", READ.format("sys/mounts")), "sys/mounts"),
    (POLICY, policy("tenant-acme", READ.format("kv-acme*")), "kv-acme*"),
    (POLICY, policy("tenant-acme", '{"path": {"kv-other/*": {"capabilities": ["read"]}}}'), "kv-other"),
    (POLICY, policy("ops", READ.format("*")), "to read: only"),
    (POLICY, policy("ops", READ.format("sys/*")), "to read: only"),
    (POLICY, policy("ops", READ.replace("read", "sudo").format("sys/auth/*")), "sudo"),
    (POLICY, policy("tenant-acme-reader", READ.format("kv-acme/*")), "kv-acme/*"),
    *((POLICY, policy("ops", READ.format(path)), "to read: only") for path in POWERFUL),
    (POLICY, policy("provisioner", READ.format("sys/policies/acl/*")), "to read: only"),
    (POLICY, policy("provisioner", READ.format("sys/policies/acl")), "to read: only"),
    (POLICY, policy("ops", READ.replace("read", "list").format("sys/policies/acl")), "to list: only"),
    (POLICY, policy("n8n", READ.format("kv-*")), "to read: only"),
    (POLICY, policy("provisioner", READ.format("transit/decrypt/states")), "to read: only"),
    (POLICY, policy("states", READ.format("transit/keys/states")), "to read: only"),
    (POLICY, policy("states", READ.format("kv-*")), "to read: only"),
    *((POLICY, policy("n8n", READ.format(path)), "to read: only") for path in STATES),
    (POLICY, policy("tenant-states", READ.format("transit/decrypt/states")), "of the tenant states"),
    (POLICY, policy("n8n", READ.format("kv-acme/data/x")), "to read: only"),
    (POLICY, policy("ops", READ.replace("read", "sudo").format("auth/token/create")), "sudo"),
    (POLICY, policy("ops", READ.replace("read", "sudo").format("sys/health")), "sudo"),
    (POLICY, policy("ops", 'path "platform/x" { "capabilities" = ["sudo"] }'), "sudo"),
    (POLICY, policy("ops", 'path "platform/x" { policy = "sudo" }'), "no path block"),
    (POLICY, policy("ops", 'path "sys/health" { capabilities = ["read"], min_wrapping_ttl = "0s" }'), "no path block"),
    (POLICY, policy("root", READ.format("sys/health")), "Vault's own"),
    (POLICY, policy("n8n", READ.format("platform/data/chatwoot")), "platform/data/n8n"),
    (POLICY, policy("tenant-acme", READ.replace("read", "update").format("transit/keys/tenant-acme")), "to update"),
    (POLICY, policy("provisioner", READ.replace("read", "update").format("sys/mounts")), "to update"),
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


def test_what_the_platforms_own_logins_may_is_what_access_gives_them() -> None:
    """Word by word: no capability more, and none that is gone."""
    for name, known, text in (
        ("provisioner", vault_paths.PROVISIONER, provisioner_policy()),
        ("states", vault_paths.STATES, states_policy()),
    ):
        assert {path: set(able) for path, able in blocks_of(text)} == {path: set(able) for path, able in known.items()}
        assert said(RULE, POLICY, policy(name, text)) == []
