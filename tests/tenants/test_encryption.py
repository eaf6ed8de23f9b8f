"""Tenants' states are encrypted with a key in Vault, by a login that can do nothing else, and only for a while."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from access.states import STATES, STATES_URL, states_policy
from deploy.guards import NotReady
from deploy.target import RunTarget, Target
from tenants.encryption import Encryption, encrypted_with
from tenants.platform import Platform, Vault
from tenants.secrets import VaultLogin
from tests.sandbox.vault.server.servers import Asked, real, simulated
from tests.sandbox.vault.server.test_policy import VAULTS

PASSPHRASE_STATE = {"secrets_providers": {"type": "passphrase", "state": {"salt": "v1:x"}}}
VAULT_STATE = {"secrets_providers": {"type": "cloud", "state": {"url": STATES_URL, "encryptedkey": "x"}}}


@pytest.fixture(scope="module", params=VAULTS)
def vault(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """A Vault with the key, and the login that `access` declares."""
    start = {"simulated": simulated, "real": real}[request.param]
    with start(tmp_path_factory.mktemp("vault")) as found:
        found.done("POST", "sys/mounts/transit", {"type": "transit"})
        found.done("POST", "sys/auth/approle", {"type": "approle"})
        found.done("POST", f"transit/keys/{STATES}", {})
        found.done("PUT", f"sys/policies/acl/{STATES}", {"policy": states_policy()})
        role = {"token_policies": [STATES], "token_ttl": 1200, "token_no_default_policy": True}
        found.done("POST", f"auth/approle/role/{STATES}", role)
        yield found


def platform(port: int | None) -> Platform:
    """One that has Vault at that port."""
    vault = Vault(local_port=port) if port else None
    return cast(Platform, SimpleNamespace(environment="prod", vault=vault))


def login(vault: Asked) -> VaultLogin:
    """As the keyring has it."""
    role = vault.done("GET", f"auth/approle/role/{STATES}/role-id")["data"]["role_id"]
    secret = vault.done("POST", f"auth/approle/role/{STATES}/secret-id", {})["data"]["secret_id"]
    return VaultLogin(role_id=role, secret_id=secret)


def test_the_token_uses_the_key_and_nothing_else(vault: Asked) -> None:
    """It encrypts and decrypts as the engine does; it can't read, change or make keys, nor look at itself."""
    with Encryption(platform(vault.port), login(vault)) as encryption:
        found = encryption.environ()
        assert found["VAULT_SERVER_URL"] == f"http://127.0.0.1:{vault.port}"
        token = found["VAULT_SERVER_TOKEN"]
        sealed = vault.done("PUT", f"transit/encrypt/{STATES}", {"plaintext": "c2VjcmV0"}, token)["data"]["ciphertext"]
        opened = vault.done("PUT", f"transit/decrypt/{STATES}", {"ciphertext": sealed}, token)["data"]["plaintext"]
        assert opened == "c2VjcmV0"
        refused: list[tuple[str, str, Any]] = [
            ("GET", f"transit/keys/{STATES}", None),
            ("GET", f"transit/backup/{STATES}", None),
            ("POST", f"transit/keys/{STATES}/config", {"deletion_allowed": True}),
            ("PUT", "transit/encrypt/another", {"plaintext": "c2VjcmV0"}),
            ("POST", "transit/keys/another", {}),
            ("POST", "auth/token/create", {}),
            ("GET", "auth/token/lookup-self", None),
            ("GET", "kv-acme/data/database", None),
        ]
        for method, path, body in refused:
            assert vault.ask(method, path, body, token)[0] == 403, path


def test_the_token_is_ended_with_the_run(vault: Asked) -> None:
    """And not left to end by itself."""
    with Encryption(platform(vault.port), login(vault)) as encryption:
        token = encryption.environ()["VAULT_SERVER_TOKEN"]
    assert vault.ask("PUT", f"transit/encrypt/{STATES}", {"plaintext": "c2VjcmV0"}, token)[0] == 403


def test_a_long_run_logs_in_again_before_its_token_ends(vault: Asked) -> None:
    """One login serves every tenant until it is nearly over."""
    now = [0.0]
    encryption = Encryption(platform(vault.port), login(vault), clock=lambda: now[0])
    first = encryption.environ()
    now[0] = 880.0
    assert encryption.environ() == first
    now[0] = 920.0
    assert encryption.environ()["VAULT_SERVER_TOKEN"] != first["VAULT_SERVER_TOKEN"]


def test_a_login_that_is_refused_says_the_mend(vault: Asked) -> None:
    """And not what was tried."""
    wrong = VaultLogin(role_id="no-such-role", secret_id="no-such-secret")
    with pytest.raises(NotReady, match=r"\./smos vault init prod") as caught:
        Encryption(platform(vault.port), wrong).environ()
    assert "no-such" not in str(caught.value)


def test_what_an_operators_shell_says_of_vault_does_not_reach_the_engine(tmp_path: Path) -> None:
    """Another Vault's address, token or namespace in it would be asked instead."""
    place = RunTarget(
        target=Target.SANDBOX,
        pulumi=tmp_path,
        project=tmp_path,
        hosts_project=tmp_path,
        scratch=tmp_path,
        environ={"VAULT_TOKEN": "mine", "VAULT_NAMESPACE": "x", "HOME": "/x"},
    )
    assert Encryption(platform(None), None).applied(place).environ == {"HOME": "/x"}


def test_without_vault_there_is_the_passphrase() -> None:
    """Each state says which it is; one whose key is nowhere is refused with the way back."""
    plain, keyed = Encryption(platform(None), None), Encryption(platform(8200), VaultLogin(role_id="", secret_id=""))
    assert (plain.provider, keyed.provider) == ("passphrase", STATES_URL)
    assert (encrypted_with(PASSPHRASE_STATE), encrypted_with(VAULT_STATE)) == ("passphrase", STATES_URL)
    for found in (PASSPHRASE_STATE, {}, None):
        plain.readable("acme", found)
        keyed.readable("acme", found)
    keyed.readable("acme", VAULT_STATE)
    with pytest.raises(NotReady, match=r"acme.*hashivault://states.*the key is in the keyring"):
        plain.readable("acme", VAULT_STATE)
