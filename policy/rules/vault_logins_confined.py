"""A login of Vault has the policy of its own name and no other, so that none has another's rights; its tokens end.

A tenant's key never leaves Vault; the platform's are not deleted by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import UNKNOWN, Facts, Resource, Rule, each

_ROLE = "vault:appRole/authBackendRole:AuthBackendRole"
_KEY = "vault:transit/secretBackendKey:SecretBackendKey"
_MOUNT = "vault:index/mount:Mount"
_PLATFORM_MOUNTS = {"platform": "kv", "transit": "transit"}
_STATES = "states"


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    inputs = resource.inputs
    if resource.token == _ROLE:
        yield from _role(resource, facts)
    elif resource.token == _KEY:
        if facts.tenant and (inputs.get("exportable") is True or inputs.get("allowPlaintextBackup") is True):
            yield f"the key of the tenant {facts.tenant} could leave Vault: no exportable, no allowPlaintextBackup"
        if not facts.tenant and resource.protect and inputs.get("deletionAllowed") is True:
            yield f"the key {inputs.get('name')} may be deleted, and what it encrypted is lost: no deletionAllowed"
        if not facts.tenant and inputs.get("name") not in (_STATES, UNKNOWN):
            yield f"the key {inputs.get('name')} is none that the platform has: {_STATES}"
    else:
        yield from _mount(resource, facts)


def _role(resource: Resource, facts: Facts) -> Iterator[str]:
    inputs, name = resource.inputs, resource.inputs.get("roleName")
    policies = each(inputs.get("tokenPolicies"))
    for policy in policies:
        if policy != name and UNKNOWN not in (policy, name):
            yield f"the login {name} has the policy {policy}, and all that is its: only that of its own name"
    if len(policies) > 1:
        yield f"the login {name} has {len(policies)} policies: only that of its own name"
    if name == _STATES and inputs.get("tokenNoDefaultPolicy") is not True:
        yield f"the login {name} does nothing but its two operations: tokenNoDefaultPolicy"
    if facts.tenant and inputs.get("secretIdTtl") is None:
        yield f"the login {name} has secret ids without an end: secretIdTtl"


def _mount(resource: Resource, facts: Facts) -> Iterator[str]:
    kind, path = resource.inputs.get("type"), resource.inputs.get("path")
    if facts.tenant:
        if kind != "kv":
            yield f"the mount {path} is a {kind}: tenants have key-value mounts"
    elif isinstance(path, str) and _PLATFORM_MOUNTS.get(path) != kind:
        yield f"the mount {path} of type {kind} is none that the platform has: {', '.join(_PLATFORM_MOUNTS)}"


RULE = Rule(
    name="vault-logins-confined",
    says="A login of Vault has its own policy and no other.",
    types=(_ROLE, _KEY, _MOUNT),
    check=_check,
    needs_facts=True,
)
