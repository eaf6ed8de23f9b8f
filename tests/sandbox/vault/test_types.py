"""What the simulated Vault provider does, it does in a Vault, with the rights of the login that it was given."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.vault.http import Refused
from sandbox.vault.package import PACKAGE
from tests.sandbox.postgresql.postgresql_acts import NoCloud
from tests.sandbox.vault.server.servers import Asked, real, simulated
from tests.sandbox.vault.server.test_policy import VAULTS

MINE = 'path "kv-acme/*" { capabilities = ["create", "read", "update", "delete"] }'


@pytest.fixture(scope="module", params=VAULTS)
def vault(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """The hooks do the same in the simulated one and in the real one."""
    start = {"simulated": simulated, "real": real}[request.param]
    with start(tmp_path_factory.mktemp("vault")) as found:
        yield found


@pytest.fixture
def root(vault: Asked) -> dict[str, Any]:
    """As the engine sends it: texts."""
    return {"address": f"http://127.0.0.1:{vault.port}", "token": vault.root, "skipChildToken": "true"}


def kind(name: str) -> ResourceType:
    return next(one for one in PACKAGE.types if one.token.endswith(":" + name))


def computing(name: str, inputs: Mapping[str, Any], config: Mapping[str, Any]) -> Computing:
    return Computing(id="", name="", inputs={**kind(name).defaults, **inputs}, config=config, cloud=NoCloud())


def create(name: str, inputs: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    act = kind(name).on_create
    assert act is not None
    return dict(act(computing(name, inputs, config)) or {})


def read(name: str, inputs: Mapping[str, Any], config: Mapping[str, Any], identity: str = "") -> Any:
    act = kind(name).on_read
    assert act is not None
    return act(replace(computing(name, inputs, config), id=identity))


def delete(name: str, inputs: Mapping[str, Any], config: Mapping[str, Any], identity: str = "") -> None:
    act = kind(name).on_delete
    assert act is not None
    act(replace(computing(name, inputs, config), id=identity))


def test_the_inside_of_a_vault_comes_and_goes(vault: Asked, root: dict[str, Any]) -> None:
    """Each type is made, read back as it was declared, and removed."""
    mount = {"path": "kv-life", "type": "kv", "options": {"version": "2"}, "description": "Life"}
    made = create("Mount", mount, root)
    assert made["id"] == "kv-life"
    assert made["accessor"].startswith("kv_")
    transit = {"path": "keys", "type": "transit"}
    auth = {"type": "approle", "path": "machines"}
    create("Mount", transit, root)
    assert create("AuthBackend", auth, root)["id"] == "machines"
    audit = {"type": "file", "path": "stdout", "options": {"file_path": "stdout"}}
    assert create("Audit", audit, root)["id"] == "stdout"
    policy = {"name": "life", "policy": MINE}
    create("Policy", policy, root)
    role = {"backend": "machines", "roleName": "life", "tokenPolicies": ["life"], "tokenTtl": 60}
    assert create("AuthBackendRole", role, root)["id"] == "auth/machines/role/life"
    secret_id = {"backend": "machines", "roleName": "life"}
    half = create("AuthBackendRoleSecretId", secret_id, root)
    assert half["id"] == f"backend=machines::role=life::accessor={half['accessor']}"
    key = {"backend": "keys", "name": "life", "type": "hmac", "keySize": 32, "deletionAllowed": True}
    assert create("SecretBackendKey", key, root)["id"] == "keys/keys/life"
    secret = {"mount": "kv-life", "name": "db", "dataJson": '{"password": "x"}'}
    assert create("SecretV2", secret, root)["path"] == "kv-life/data/db"
    declared: list[tuple[str, Mapping[str, Any]]] = [
        ("Mount", mount),
        ("Mount", transit),
        ("AuthBackend", auth),
        ("Audit", audit),
        ("Policy", policy),
    ]
    declared += [("AuthBackendRole", role), ("SecretBackendKey", key), ("SecretV2", secret)]
    for name, inputs in declared:
        seen = read(name, inputs, root)
        assert seen is not None, name
        assert {one: seen[one] for one in inputs if one in seen} == {one: inputs[one] for one in inputs if one in seen}
    assert read("AuthBackendRoleSecretId", secret_id, root, half["id"]) is not None
    delete("AuthBackendRoleSecretId", secret_id, root, half["id"])
    assert read("AuthBackendRoleSecretId", secret_id, root, half["id"]) is None
    for name, inputs in reversed(declared):
        delete(name, inputs, root)
    for name, inputs in declared[:5]:
        assert read(name, inputs, root) is None, name


def test_a_limited_login_is_refused_what_its_policies_do_not_give(vault: Asked, root: dict[str, Any]) -> None:
    """With AppRole, and in the real provider's words: the method, the address, the code; no secret."""
    create("AuthBackend", {"type": "approle"}, root)
    create("Policy", {"name": "acme", "policy": MINE}, root)
    create("AuthBackendRole", {"roleName": "acme", "tokenPolicies": ["acme"]}, root)
    half = create("AuthBackendRoleSecretId", {"roleName": "acme"}, root)
    role_id = vault.done("GET", "auth/approle/role/acme/role-id")["data"]["role_id"]
    login = {"path": "auth/approle/login", "parameters": {"role_id": role_id, "secret_id": half["secretId"]}}
    limited = {"address": root["address"], "authLogin": json.dumps(login), "skipChildToken": "true"}
    create("Mount", {"path": "kv-acme", "type": "kv-v2"}, root)
    create("SecretV2", {"mount": "kv-acme", "name": "a", "dataJson": "{}"}, limited)
    with pytest.raises(Refused, match=r"(?s)error writing to Vault: .*Code: 403\. Errors:.*permission denied"):
        create("Mount", {"path": "kv-other", "type": "kv-v2"}, limited)
    with pytest.raises(Refused, match="failed to create limited child token") as caught:
        create("SecretV2", {"mount": "kv-acme", "name": "b", "dataJson": "{}"}, {**limited, "skipChildToken": "false"})
    assert half["secretId"] not in str(caught.value)
    wrong = {**login, "parameters": {"role_id": role_id, "secret_id": "not-the-one"}}
    with pytest.raises(Refused, match="failed to login") as caught:
        create("Policy", {"name": "x", "policy": MINE}, {**limited, "authLogin": json.dumps(wrong)})
    assert "not-the-one" not in str(caught.value)


def test_only_a_vault_of_this_machine_is_spoken_to(root: dict[str, Any]) -> None:
    """A real address is refused before anything is sent, a closed tunnel says so."""
    with pytest.raises(Refused, match="no such host here"):
        create("Policy", {"name": "x", "policy": MINE}, {**root, "address": "https://vault.example.com:8200"})
    with pytest.raises(Refused, match="is the tunnel open"):
        create("Policy", {"name": "x", "policy": MINE}, {**root, "address": "http://127.0.0.1:1"})


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"token": "t"}, "address"),
        ({"address": "http://10.0.0.1:8200", "token": "t"}, "address"),
        ({"address": "http://127.0.0.1:8200"}, "token"),
        ({"address": "http://127.0.0.1:8200", "authLogin": {"path": "auth/userpass/login/me"}}, "authLogin"),
        ({"address": "http://127.0.0.1:8200", "token": "t", "authLoginUserpass": "{}"}, "authLoginUserpass"),
        ({"address": "http://127.0.0.1:8200", "token": "t", "namespace": "x"}, "namespace"),
    ],
)
def test_a_wrong_configuration_is_refused(config: dict[str, Any], path: str) -> None:
    """Before anything is asked of a Vault."""
    assert path in [failure.path for rule in PACKAGE.config for failure in rule.failures(config)]
