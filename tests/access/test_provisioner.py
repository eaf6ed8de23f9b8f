"""The provisioner's login makes tenants' parts of Vault, and is refused everything else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from access.provisioner import APPROLE, PROVISIONER, TRANSIT, provisioner_policy
from sandbox.vault.server.core import DEFAULT_POLICY, SUDO
from sandbox.vault.server.policy import ACL, parse
from tests.sandbox.vault.server.servers import Asked, real, simulated
from tests.sandbox.vault.server.test_policy import VAULTS

ACL_OF_PROVISIONER = ACL([parse(provisioner_policy()), parse(DEFAULT_POLICY)])

MAY = [
    ("update", "sys/mounts/kv-acme"),
    ("delete", "sys/mounts/kv-acme"),
    ("update", "sys/policies/acl/tenant-acme"),
    ("create", "auth/approle/role/tenant-acme"),
    ("read", "auth/approle/role/tenant-acme/role-id"),
    ("update", "transit/keys/tenant-acme"),
    ("update", "transit/keys/tenant-acme/config"),
    ("create", "kv-acme/data/database"),
    ("read", "auth/token/lookup-self"),
    ("read", "sys/mounts"),
    ("list", "sys/policies/acl/"),
    ("list", "auth/approle/role/"),
    ("list", "transit/keys/"),
]
MAY_NOT = [
    ("update", "sys/mounts/platform"),
    ("update", "sys/mounts/transit"),
    ("read", "platform/data/secret"),
    ("update", f"sys/policies/acl/{PROVISIONER}"),
    ("update", "sys/policies/acl/default"),
    ("update", f"auth/approle/role/{PROVISIONER}/secret-id"),
    ("update", "sys/auth/other"),
    ("update", "sys/audit/file"),
    ("delete", "sys/audit/stdout"),
    ("update", "sys/seal"),
    ("update", "auth/token/create"),
    ("update", "transit/decrypt/tenant-acme"),
    ("update", "transit/hmac/tenant-acme"),
    ("read", "transit/export/hmac-key/tenant-acme"),
    ("update", "sys/mounts"),
    ("read", "sys/policies/acl/operators"),
    ("read", f"auth/approle/role/{PROVISIONER}"),
    ("read", "transit/keys/states"),
    ("read", "sys/raw/core"),
    ("update", "sys/rekey/init"),
]


@pytest.mark.parametrize(("operation", "path"), MAY)
def test_it_may_make_a_tenants_part(operation: str, path: str) -> None:
    """Mount, policy, role, key, and what is put into the mount."""
    assert ACL_OF_PROVISIONER.allows(operation, path)


@pytest.mark.parametrize(("operation", "path"), MAY_NOT)
def test_it_may_nothing_else(operation: str, path: str) -> None:
    """Neither the platform's secrets, nor its own rights, nor the use of tenants' keys."""
    sudo = any(path.startswith(one[:-1]) if one.endswith("*") else path == one for one in SUDO)
    assert not ACL_OF_PROVISIONER.allows(operation, path, sudo=sudo)


def test_tenants_are_called_as_it_expects() -> None:
    """The names that tenants' stacks use are those that the policy opens."""
    from tenants import names

    mine = names.TenantNames("acme")
    assert (names.APPROLE, names.TRANSIT) == (APPROLE, TRANSIT)
    for path in (f"sys/mounts/{mine.mount}", f"sys/policies/acl/{mine.policy}", f"transit/keys/{mine.policy}"):
        assert ACL_OF_PROVISIONER.allows("update", path)


@pytest.fixture(scope="module", params=VAULTS)
def vault(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """A Vault with the provisioner's policy and a mount of the platform's."""
    start = {"simulated": simulated, "real": real}[request.param]
    with start(tmp_path_factory.mktemp("vault")) as found:
        found.done("PUT", f"sys/policies/acl/{PROVISIONER}", {"policy": provisioner_policy()})
        found.done("POST", "sys/mounts/platform", {"type": "kv-v2"})
        yield found


def test_a_server_refuses_it_too(vault: Asked) -> None:
    """The same over HTTP: a tenant's mount is made, the platform's is neither read nor removed."""
    login = vault.token(PROVISIONER)
    vault.done("POST", "sys/mounts/kv-acme", {"type": "kv-v2"}, login)
    vault.done("POST", "kv-acme/data/database", {"data": {"user": "acme"}}, login)
    refused: list[tuple[str, str, Any]] = [
        ("DELETE", "sys/mounts/platform", None),
        ("GET", "platform/data/x", None),
        ("POST", "auth/token/create", {}),
        ("PUT", f"sys/policies/acl/{PROVISIONER}", {"policy": json.dumps({"path": {"*": {"policy": "sudo"}}})}),
    ]
    for method, path, body in refused:
        assert vault.ask(method, path, body, login)[0] == 403, path
