"""One tenant's policy against another's part of Vault, by Vault's own rules and on servers: everything is refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import given

from access.provisioner import PROVISIONER, provisioner_policy
from access.states import states_policy
from sandbox.vault.server.core import DEFAULT_POLICY
from sandbox.vault.server.policy import ACL, parse
from tenants.names import TenantNames
from tenants.vault_policies import closed_policy, confined_policy
from tests.isolation.names import slugs
from tests.sandbox.vault.server.servers import Asked, real, simulated
from tests.sandbox.vault.server.test_policy import VAULTS

SLUGS = ("acme", "acme-2", "acme-20", "acm", "algorithmics", "data", "metadata-x", "keys-1")
"""One begins as the other does; some are words of Vault's own paths."""
PAIRS = tuple(permutations(SLUGS, 2))
OPERATIONS = ("create", "read", "update", "patch", "delete", "list")
_KV = (
    *("data/database", "data/a/b", "data/", "data", "metadata/database", "metadata/", "metadata", "delete/database"),
    *("undelete/database", "destroy/database", "subkeys/database", "config", "", "+/database", "*", "../x", "data/*"),
)
_TRANSIT = (
    *("hmac", "verify", "sign", "encrypt", "decrypt", "rewrap", "datakey/plaintext", "datakey/wrapped", "backup"),
    *("export/hmac-key", "export/encryption-key", "export/signing-key", "keys", "restore", "byok-export/x", "cache"),
)
EVERYBODYS = (
    *("sys/mounts", "sys/mounts/kv-x", "sys/auth", "sys/policies/acl", "sys/policy", "sys/audit", "sys/seal"),
    *("sys/rekey/init", "sys/generate-root/attempt", "sys/raw/core", "sys/remount", "sys/leases/lookup/", "sys/health"),
    *("sys/internal/ui/mounts", "sys/storage/raft/snapshot", "sys/step-down", "sys/capabilities", "sys/namespaces"),
    *("auth/token/create", "auth/token/create-orphan", "auth/token/lookup", "auth/token/lookup-accessor"),
    *("auth/token/revoke", "auth/token/accessors", "auth/token/roles/x", "auth/approle/role", "auth/approle/tidy"),
    *("auth/approle/role/provisioner/secret-id", "auth/approle/role/states/secret-id", "auth/approle/role/+/secret-id"),
    *("identity/entity", "identity/entity/name/tenant-acme", "identity/group", "identity/oidc/token/x"),
    *("identity/lookup/entity", "platform/data/x", "platform/metadata/", "secret/data/x", "+/data/x", "*", "+", "/"),
    *(
        "transit/keys/states",
        "transit/decrypt/states",
        "transit/encrypt/states",
        "transit/keys",
        "transit/wrapping_key",
    ),
)


def theirs(names: TenantNames) -> Iterator[str]:
    """Every shape of path at which a tenant has something, or something could be asked about it."""
    for rest in _KV:
        yield f"{names.mount}/{rest}"
    yield from (names.mount, f"{names.mount}*", f"/{names.mount}/data/database", f"kv-+/{names.slug}/data/database")
    for operation in _TRANSIT:
        yield f"transit/{operation}/{names.policy}"
        yield f"transit/{operation}/{names.policy}/sha2-256"
    yield from (f"transit/keys/{names.policy}/{more}" for more in ("config", "rotate", "trim", "import"))
    for below in (
        "",
        "/role-id",
        "/secret-id",
        "/secret-id/",
        "/custom-secret-id",
        "/policies",
        "/secret-id-accessor/x",
    ):
        yield f"auth/approle/role/{names.policy}{below}"
    for path in ("policies/acl", "policy", "policies/password", "quotas/rate-limit"):
        yield f"sys/{path}/{names.policy}"
    yield from (f"sys/mounts/{names.mount}", f"sys/mounts/{names.mount}/tune", f"sys/internal/ui/mounts/{names.mount}")
    yield from (f"identity/entity/name/{names.policy}", f"cubbyhole/../{names.mount}/data/x")


def acl(names: TenantNames) -> ACL:
    """What a tenant's token may: its policy, and the one that every token has."""
    return ACL([parse(confined_policy(names)), parse(DEFAULT_POLICY)])


def reached(names: TenantNames, other: TenantNames) -> list[tuple[str, str]]:
    """What of another's the one may. The cubbyhole is each token's own, whatever stands after it."""
    mine = acl(names)
    paths = [path for path in (*theirs(other), *EVERYBODYS) if not path.startswith("cubbyhole/")]
    return [(how, path) for how, path in product(OPERATIONS, paths) if mine.allows(how, path)]


@pytest.mark.parametrize(("mine", "other"), PAIRS)
def test_nothing_of_anothers_is_reached(mine: str, other: str) -> None:
    """All operations on all shapes of paths."""
    assert reached(TenantNames(mine), TenantNames(other)) == []


@given(slugs, slugs)
def test_whatever_two_tenants_are_called(mine: str, other: str) -> None:
    """No valid name makes a policy that opens another's."""
    if mine != other:
        assert reached(TenantNames(mine), TenantNames(other)) == []


@given(slugs)
def test_a_policy_has_the_four_paths_of_its_tenant_and_no_pattern_before_the_end(slug: str) -> None:
    """Nothing of the name is read as a pattern or ends the text."""
    names = TenantNames(slug)
    rules = parse(confined_policy(names))
    assert len(rules) == 4
    for rule in rules:
        assert "+" not in rule.path
        assert "*" not in rule.path[:-1]
        assert rule.path.startswith((f"kv-{slug}/data/", f"kv-{slug}/metadata/", "transit/"))
        assert rule.path.startswith("kv-") or rule.path.endswith(f"/tenant-{slug}")


def test_its_own_stays_usable_and_no_more_than_that() -> None:
    """What a tenant may at its own: its entries, and to sign and verify. Not its mount, key, role or policy; and what
    was destroyed for good stays an operator's decision.
    """
    names = TenantNames("acme")
    mine = acl(names)
    allowed = {(how, path) for how, path in product(OPERATIONS, theirs(names)) if mine.allows(how, path)}
    allowed = {(how, path) for how, path in allowed if not path.startswith("cubbyhole/")}
    places = {path.removeprefix("/").split("/")[0] + "/" + path.removeprefix("/").split("/")[1] for _, path in allowed}
    assert places == {"kv-acme/data", "kv-acme/metadata", "transit/hmac", "transit/verify"}
    assert {how for how, path in allowed if path.startswith("transit/")} == {"update"}


@pytest.mark.parametrize("slug", SLUGS)
def test_suspended_reaches_nothing_not_even_its_own(slug: str) -> None:
    """Whatever else a token has: the default policy grants exact paths, so what a token may do to itself is left."""
    names = TenantNames(slug)
    closed = ACL([parse(closed_policy()), parse(DEFAULT_POLICY)])
    left = {path for how, path in product(OPERATIONS, (*theirs(names), *EVERYBODYS)) if closed.allows(how, path)}
    assert {path for path in left if not path.startswith("cubbyhole/")} == set()


@pytest.mark.parametrize("policy", [provisioner_policy(), states_policy()], ids=["provisioner", "states"])
def test_the_platforms_logins_use_no_tenants_key(policy: str) -> None:
    """Who makes tenants signs nothing in their name, and neither does who encrypts their states."""
    login = ACL([parse(policy), parse(DEFAULT_POLICY)])
    for slug, operation in product(SLUGS, _TRANSIT):
        if operation != "keys":
            assert not login.allows("update", f"transit/{operation}/{TenantNames(slug).policy}"), operation


@pytest.fixture(scope="module", params=VAULTS)
def vault(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """A Vault with three tenants made by the provisioner's policy, and the platform's own mount."""
    start = {"simulated": simulated, "real": real}[request.param]
    with start(tmp_path_factory.mktemp("vault")) as found:
        found.done("PUT", f"sys/policies/acl/{PROVISIONER}", {"policy": provisioner_policy()})
        found.done("POST", "sys/mounts/transit", {"type": "transit"})
        found.done("POST", "sys/auth/approle", {"type": "approle"})
        login = found.token(PROVISIONER)
        for slug in SLUGS[:3]:
            names = TenantNames(slug)
            found.done("POST", f"sys/mounts/{names.mount}", {"type": "kv", "options": {"version": "2"}}, login)
            found.done("PUT", f"sys/policies/acl/{names.policy}", {"policy": confined_policy(names)}, login)
            found.done("POST", f"auth/approle/role/{names.policy}", {"token_policies": [names.policy]}, login)
            found.done("POST", f"transit/keys/{names.policy}", {}, login)
            found.done("POST", f"{names.mount}/data/database", {"data": {"password": f"canary-of-{slug}"}}, login)
        yield found


REQUESTS: tuple[tuple[str, str, Any], ...] = (
    ("GET", "{mount}/data/database", None),
    ("GET", "{mount}/data/database?version=1", None),
    ("GET", "{mount}//data/database", None),
    ("GET", "{mount}/data/./database", None),
    ("GET", "{own}/../{mount}/data/database", None),
    ("GET", "{own}/data/../../{mount}/data/database", None),
    ("GET", "{own}/data/%2e%2e/%2e%2e/{mount}/data/database", None),
    ("GET", "{mount}%2fdata%2fdatabase", None),
    ("POST", "{mount}/data/database", {"data": {"x": "y"}}),
    ("DELETE", "{mount}/data/database", None),
    ("DELETE", "{mount}/metadata/database", None),
    ("LIST", "{mount}/metadata", None),
    ("LIST", "{mount}/metadata/", None),
    ("GET", "{mount}/metadata/?list=true", None),
    ("POST", "{mount}/undelete/database", {"versions": [1]}),
    ("POST", "{mount}/destroy/database", {"versions": [1]}),
    ("POST", "{mount}/delete/database", {"versions": [1]}),
    ("POST", "transit/hmac/{policy}", {"input": "eA=="}),
    ("POST", "transit/verify/{policy}", {"input": "eA==", "hmac": "vault:v1:x"}),
    ("POST", "transit/encrypt/{policy}", {"plaintext": "eA=="}),
    ("POST", "transit/rewrap/{policy}", {"ciphertext": "vault:v1:x"}),
    ("GET", "transit/export/hmac-key/{policy}", None),
    ("GET", "transit/backup/{policy}", None),
    ("GET", "transit/keys/{policy}", None),
    ("DELETE", "transit/keys/{policy}", None),
    ("POST", "transit/keys/{policy}/rotate", None),
    ("GET", "auth/approle/role/{policy}/role-id", None),
    ("POST", "auth/approle/role/{policy}/secret-id", {}),
    ("PUT", "sys/policies/acl/{policy}", {"policy": 'path "*" { capabilities = ["read"] }'}),
    ("DELETE", "sys/mounts/{mount}", None),
    ("POST", "sys/remount", {"from": "{mount}", "to": "kv-x"}),
    ("POST", "auth/token/create", {"policies": ["{policy}"]}),
    ("POST", "sys/mounts/kv-mine", {"type": "kv"}),
)


@pytest.mark.parametrize(("mine", "other"), list(permutations(SLUGS[:3], 2)))
def test_a_server_refuses_it_too(vault: Asked, mine: str, other: str) -> None:
    """The same over HTTP, with slashes and dots as they should not be: never the data, never done."""
    names, own = TenantNames(other), TenantNames(mine)
    words = {"mount": names.mount, "policy": names.policy, "own": own.mount}
    token = vault.token(own.policy)
    assert vault.done("GET", f"{own.mount}/data/database", token=token)["data"]["data"] != {}
    for method, path, body in REQUESTS:
        status, content = vault.ask(method, path.format(**words), body, token)
        # 301, 307: another spelling is the answer, and is asked for like any other; 400, 404, 405: no such path.
        assert status in (301, 307, 400, 403, 404, 405), (method, path, status, content)
        assert f"canary-of-{other}" not in str(content), path
    found = vault.done("GET", f"{names.mount}/data/database")["data"]
    assert (found["data"], found["metadata"]["version"]) == ({"password": f"canary-of-{other}"}, 1)


def test_a_suspended_tenants_token_is_worth_nothing_at_once(vault: Asked) -> None:
    """The token was given out before; resumed, it is worth the same as then."""
    names = TenantNames("acme")
    token = vault.token(names.policy)
    try:
        vault.done("PUT", f"sys/policies/acl/{names.policy}", {"policy": closed_policy()})
        for method, path in (("GET", f"{names.mount}/data/database"), ("POST", f"transit/hmac/{names.policy}")):
            assert vault.ask(method, path, {"input": "eA=="} if method == "POST" else None, token)[0] == 403
    finally:
        vault.done("PUT", f"sys/policies/acl/{names.policy}", {"policy": confined_policy(names)})
    assert vault.ask("GET", f"{names.mount}/data/database", None, token)[0] == 200
