"""The simulated Vault behaves as the real one where tenants and applications can notice; sealed, it gives nothing."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import vault_barrier
from sandbox.vault_server import VaultServer
from sandbox.vault_shamir import combine, split
from tests.sandbox.test_vault_policy import VAULTS
from tests.sandbox.vault_servers import Asked, real, simulated

PLAIN = base64.b64encode(b"an invoice").decode()


@pytest.fixture(scope="module", params=VAULTS)
def vault(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """A Vault with two engines and AppRole."""
    start = {"simulated": simulated, "real": real}[request.param]
    with start(tmp_path_factory.mktemp("vault")) as found:
        found.done("POST", "sys/mounts/kv-acme", {"type": "kv-v2"})
        found.done("POST", "sys/mounts/transit", {"type": "transit"})
        found.done("POST", "sys/auth/approle", {"type": "approle"})
        yield found


def test_any_shares_of_the_threshold_give_the_secret_back_and_fewer_do_not() -> None:
    """Shamir's scheme, byte by byte."""
    secret = bytes(range(32))
    shares = split(secret, 5, 3)
    assert all(combine(some) == secret for some in itertools.combinations(shares, 3))
    assert all(combine(some) != secret for some in itertools.combinations(shares, 2))


def test_a_start_is_sealed_and_opens_with_any_three_keys(tmp_path: Path) -> None:
    """Nothing of what it holds can be read before, neither over HTTP nor in its files."""
    server = VaultServer(tmp_path)
    vault = Asked(server.port)
    assert vault.ask("GET", "sys/health")[0] == 501
    keys = vault.done("PUT", "sys/init", {"secret_shares": 5, "secret_threshold": 3})
    assert vault.ask("PUT", "sys/init", {"secret_shares": 5, "secret_threshold": 3})[0] == 400
    assert vault.ask("GET", "sys/mounts", token=keys["root_token"]) == (503, {"errors": ["Vault is sealed"]})
    for key in keys["keys"][:3]:
        vault.done("PUT", "sys/unseal", {"key": key})
    vault.root = keys["root_token"]
    vault.done("POST", "sys/mounts/kv", {"type": "kv-v2"})
    vault.done("POST", "kv/data/a", {"data": {"password": "canary-in-vault"}})
    server.close()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not any(b"canary" in file.read_bytes() or b"hvs." in file.read_bytes() for file in files)

    server = VaultServer(tmp_path)
    again = Asked(server.port, keys["root_token"])
    assert again.ask("GET", "sys/health")[0] == 503
    assert again.ask("GET", "kv/data/a")[0] == 503
    sealed = [again.done("PUT", "sys/unseal", {"key": key})["sealed"] for key in keys["keys_base64"][2:]]
    assert sealed == [True, True, False]
    assert again.done("GET", "kv/data/a")["data"]["data"] == {"password": "canary-in-vault"}
    server.close()


def test_who_seals_it_is_answered_and_nobody_else_from_then_on(tmp_path: Path) -> None:
    """With the root token alone; what was written is kept."""
    server = VaultServer(tmp_path)
    vault = Asked(server.port)
    keys = vault.done("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
    vault.done("PUT", "sys/unseal", {"key": keys["keys"][0]})
    root = keys["root_token"]
    vault.done("POST", "sys/mounts/kv", {"type": "kv-v2"}, root)
    vault.done("POST", "kv/data/a", {"data": {"kept": True}}, root)
    assert vault.ask("PUT", "sys/seal", token=root)[0] == 204
    assert vault.ask("GET", "kv/data/a", token=root) == (503, {"errors": ["Vault is sealed"]})
    vault.done("PUT", "sys/unseal", {"key": keys["keys"][0]})
    assert vault.done("GET", "kv/data/a", token=root)["data"]["data"] == {"kept": True}
    server.close()


def test_wrong_keys_open_nothing(tmp_path: Path) -> None:
    """Keys of another Vault, or too few and one twice: it stays sealed, and lost keys are lost."""
    server = VaultServer(tmp_path)
    vault = Asked(server.port)
    keys = vault.done("PUT", "sys/init", {"secret_shares": 3, "secret_threshold": 2})["keys"]
    other = split(b"x" * 32, 3, 2)
    vault.done("PUT", "sys/unseal", {"key": keys[0]})
    assert vault.done("PUT", "sys/unseal", {"key": keys[0]})["progress"] == 1
    status, content = vault.ask("PUT", "sys/unseal", {"key": other[0].hex()})
    assert status == 400
    assert "message authentication failed" in content["errors"][0]
    assert vault.done("GET", "sys/seal-status")["progress"] == 0
    assert vault.ask("PUT", "sys/unseal", {"key": "no key at all"})[0] == 400
    server.close()


def test_a_login_with_approle_may_what_its_role_says(vault: Asked) -> None:
    """Role id and secret id give a token with the role's policies; a wrong or destroyed secret id gives none."""
    vault.done("PUT", "sys/policies/acl/tenant-acme", {"policy": 'path "kv-acme/data/*" { capabilities = ["read"] }'})
    vault.done("POST", "auth/approle/role/tenant-acme", {"token_policies": ["tenant-acme"], "token_ttl": 60})
    role = vault.done("GET", "auth/approle/role/tenant-acme/role-id")["data"]["role_id"]
    made = vault.done("POST", "auth/approle/role/tenant-acme/secret-id", {})["data"]
    login = {"role_id": role, "secret_id": made["secret_id"]}
    auth = vault.done("POST", "auth/approle/login", login, "")["auth"]
    assert sorted(auth["token_policies"]) == ["default", "tenant-acme"]
    assert auth["lease_duration"] == 60
    vault.done("POST", "kv-acme/data/app", {"data": {"a": 1}})
    mine = auth["client_token"]
    assert vault.done("GET", "kv-acme/data/app", token=mine)["data"]["data"] == {"a": 1}
    assert vault.ask("POST", "kv-acme/data/app", {"data": {}}, mine)[0] == 403
    assert vault.ask("LIST", "kv-acme/metadata/", token=mine)[0] == 403
    assert vault.ask("POST", "auth/approle/login", {"role_id": role, "secret_id": "wrong"}, "")[0] == 400
    accessor = {"secret_id_accessor": made["secret_id_accessor"]}
    vault.done("POST", "auth/approle/role/tenant-acme/secret-id-accessor/destroy", accessor)
    assert vault.ask("POST", "auth/approle/login", login, "")[0] == 400


def test_denials_read_as_the_real_ones(vault: Asked) -> None:
    """Without a token, with a wrong one, and where there is nothing."""
    status, content = vault.ask("GET", "sys/mounts", token="")
    assert (status, "permission denied" in content["errors"][0]) == (403, True)
    assert vault.ask("GET", "sys/mounts", token="hvs.wrong")[0] == 403
    assert vault.ask("GET", "nowhere/x", token=vault.token("default"))[0] == 403
    assert vault.ask("GET", "nowhere/x")[0] == 404
    assert vault.ask("GET", "kv-acme/data/missing") == (404, {"errors": []})


def test_versions_of_a_secret(vault: Asked) -> None:
    """Each write is a version; check-and-set refuses a stale one; deleting the newest hides it."""
    for number in (1, 2):
        answer = vault.done("POST", "kv-acme/data/team/db", {"data": {"n": number}})
        assert answer["data"]["version"] == number
    stale = {"data": {"n": 3}, "options": {"cas": 1}}
    assert vault.ask("POST", "kv-acme/data/team/db", stale)[0] == 400
    assert vault.done("GET", "kv-acme/data/team/db?version=1")["data"]["data"] == {"n": 1}
    assert vault.done("LIST", "kv-acme/metadata/team")["data"]["keys"] == ["db"]
    vault.done("DELETE", "kv-acme/data/team/db")
    assert vault.ask("GET", "kv-acme/data/team/db")[0] == 404
    vault.done("DELETE", "kv-acme/metadata/team/db")
    assert vault.ask("LIST", "kv-acme/metadata/team")[0] == 404


@pytest.mark.parametrize("kind", ["hmac", "aes256-gcm96"])
def test_transit_signs_and_tells_a_forgery(vault: Asked, kind: str) -> None:
    """A code verifies for its input alone; a key is deleted only after that was allowed."""
    key = f"tenant-{kind}"
    body: dict[str, Any] = {"type": kind, **({"key_size": 32} if kind == "hmac" else {})}
    vault.done("POST", f"transit/keys/{key}", body)
    code = vault.done("POST", f"transit/hmac/{key}", {"input": PLAIN})["data"]["hmac"]
    other = base64.b64encode(b"another invoice").decode()
    assert code.startswith("vault:v1:")
    assert vault.done("POST", f"transit/verify/{key}", {"input": PLAIN, "hmac": code})["data"]["valid"] is True
    assert vault.done("POST", f"transit/verify/{key}", {"input": other, "hmac": code})["data"]["valid"] is False
    assert vault.ask("DELETE", f"transit/keys/{key}")[0] == 400
    vault.done("POST", f"transit/keys/{key}/config", {"deletion_allowed": True})
    vault.done("DELETE", f"transit/keys/{key}")
    assert vault.ask("GET", f"transit/keys/{key}")[0] == 404


def test_encryption_and_decryption(vault: Asked) -> None:
    """What one key encrypts comes back; a changed ciphertext does not."""
    vault.done("POST", "transit/keys/box", {})
    sealed = vault.done("POST", "transit/encrypt/box", {"plaintext": PLAIN})["data"]["ciphertext"]
    assert vault.done("POST", "transit/decrypt/box", {"ciphertext": sealed})["data"]["plaintext"] == PLAIN
    changed = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
    assert vault.ask("POST", "transit/decrypt/box", {"ciphertext": changed})[0] == 400


def test_a_child_has_no_more_than_its_parent(vault: Asked) -> None:
    """A token makes only tokens with its own policies, and they end with it."""
    vault.done("PUT", "sys/policies/acl/maker", {"policy": 'path "auth/token/create" { capabilities = ["update"] }'})
    parent = vault.token("maker")
    assert vault.ask("POST", "auth/token/create", {"policies": ["tenant-acme"]}, parent)[0] == 400
    child = vault.done("POST", "auth/token/create", {}, parent)["auth"]["client_token"]
    assert vault.ask("GET", "auth/token/lookup-self", token=child)[0] == 200
    vault.done("POST", "auth/token/revoke-self", {}, parent)
    assert vault.ask("GET", "auth/token/lookup-self", token=child)[0] == 403


def test_a_key_leaves_only_as_a_backup_that_was_allowed(vault: Asked) -> None:
    """In plain, and back again: under another name, over an existing key only by force. Else it is refused."""
    vault.done("POST", "transit/keys/kept", {})
    assert vault.ask("GET", "transit/backup/kept")[0] >= 400
    vault.done("POST", "transit/keys/kept/config", {"exportable": True})
    status, content = vault.ask("GET", "transit/backup/kept")
    assert (status >= 400, "plaintext backup is disallowed" in str(content)) == (True, True)
    vault.done("POST", "transit/keys/kept/config", {"allow_plaintext_backup": True})
    sealed = vault.done("POST", "transit/encrypt/kept", {"plaintext": PLAIN})["data"]["ciphertext"]
    copy = vault.done("GET", "transit/backup/kept")["data"]["backup"]
    policy = json.loads(base64.b64decode(copy))["policy"]
    assert (policy["name"], list(policy["keys"]), policy["latest_version"]) == ("kept", ["1"], 1)
    assert len(base64.b64decode(policy["keys"]["1"]["key"])) == 32

    assert vault.ask("POST", "transit/restore", {"backup": copy})[0] >= 400
    vault.done("POST", "transit/restore/second", {"backup": copy})
    assert vault.done("POST", "transit/decrypt/second", {"ciphertext": sealed})["data"]["plaintext"] == PLAIN
    vault.done("POST", "transit/keys/lost", {})
    assert vault.ask("POST", "transit/decrypt/lost", {"ciphertext": sealed})[0] == 400
    assert vault.ask("POST", "transit/restore/lost", {"backup": copy})[0] >= 400
    vault.done("POST", "transit/restore/lost", {"backup": copy, "force": True})
    assert vault.done("POST", "transit/decrypt/lost", {"ciphertext": sealed})["data"]["plaintext"] == PLAIN
    assert vault.ask("POST", "transit/restore/x", {"backup": "no backup"})[0] >= 400
    assert vault.ask("POST", "transit/restore/x", {})[0] == 400
    assert vault.ask("GET", "transit/backup/missing")[0] >= 400


def test_a_write_costs_what_it_changes(tmp_path: Path) -> None:
    """Of a thousand tenants, one is written: neither the others' secrets nor the tables; using a key writes nothing."""
    with simulated(tmp_path) as vault:
        for name in ("kv-a", "kv-b"):
            vault.done("POST", f"sys/mounts/{name}", {"type": "kv-v2"})
        vault.done("POST", "sys/mounts/transit", {"type": "transit"})
        vault.done("POST", "transit/keys/box", {})

        def written() -> dict[str, int]:
            return {file.name: file.stat().st_mtime_ns for file in (tmp_path / "parts").iterdir()}

        def changed(method: str, path: str, body: dict[str, Any] | None = None) -> list[str]:
            before = written()
            vault.done(method, path, body)
            after = written()
            return sorted(name.partition("-")[0] for name in {*before, *after} if before.get(name) != after.get(name))

        assert changed("POST", "kv-a/data/x", {"data": {"a": 1}}) == ["data"]
        assert changed("POST", "transit/encrypt/box", {"plaintext": PLAIN}) == []
        assert changed("PUT", "sys/policies/acl/x", {"policy": 'path "a" { capabilities = ["read"] }'}) == ["policies"]
        assert changed("POST", "auth/token/create", {}) == ["tokens"]
        assert changed("DELETE", "sys/mounts/kv-a") == ["data", "mounts"]


def test_storage_of_an_older_version_opens(tmp_path: Path) -> None:
    """One file for everything: it is taken over at the first opening."""
    server = VaultServer(tmp_path)
    vault = Asked(server.port)
    keys = vault.done("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
    vault.root = keys["root_token"]
    vault.done("PUT", "sys/unseal", {"key": keys["keys"][0]})
    vault.done("POST", "sys/mounts/kv", {"type": "kv-v2"})
    vault.done("POST", "kv/data/a", {"data": {"kept": True}})
    barrier = server._core.barrier
    assert barrier._key is not None
    (tmp_path / "data").write_text(vault_barrier._encrypted(barrier._key, json.dumps(barrier.state).encode()))
    server.close()
    shutil.rmtree(tmp_path / "parts")
    for _ in range(2):
        server = VaultServer(tmp_path)
        vault = Asked(server.port, keys["root_token"])
        vault.done("PUT", "sys/unseal", {"key": keys["keys"][0]})
        assert vault.done("GET", "kv/data/a")["data"]["data"] == {"kept": True}
        assert not (tmp_path / "data").exists()
        server.close()
