"""Vault is initialised once, its keys are kept before anything depends on them, and a restart is answered by them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from age_keyring import Identity, Keyring, Recipient
from deploy import vault
from deploy.guards import NotReady
from deploy.target import ROOT, RunTarget, Target
from deploy.vault_api import Keys, VaultApi, VaultRefused
from sandbox.vault.server.http import VaultServer
from settings import Settings, load_files
from settings.parts import Tunnel
from settings.services import PlatformServices


@pytest.fixture
def server(tmp_path: Path) -> Iterator[VaultServer]:
    """A Vault that has just been started for the first time."""
    found = VaultServer(tmp_path / "vault")
    yield found
    found.close()


@pytest.fixture
def place(tmp_path: Path) -> RunTarget:
    """A run target with a keyring of its own."""
    identity = Identity.make(tmp_path / "key.txt")
    Keyring.create(tmp_path / "keyring.age", [Recipient(identity.public[0], "test")], identity).save()
    environ = {"SMOS_KEYRING": str(tmp_path / "keyring.age"), "SMOS_KEY_FILE": str(tmp_path / "key.txt")}
    return RunTarget(
        target=Target.SANDBOX,
        pulumi=tmp_path / "pulumi",
        project=tmp_path,
        hosts_project=tmp_path,
        scratch=tmp_path,
        environ=environ,
    )


def settings_at(port: int) -> Settings:
    """Those of prod; the forward to Vault begins where the server listens, and no other is needed."""
    first = port - PlatformServices.operated()["vault"].local_port
    settings = load_files("prod", ROOT)
    return settings.model_copy(
        update={
            "tunnel": Tunnel.model_validate({"firstPort": first}),
            "database_servers": (),
            "services": settings.services.model_copy(update={"redis": None}),
        }
    )


def keyring_of(place: RunTarget) -> Keyring:
    """What is on the disk."""
    return Keyring.open(Path(place.environ["SMOS_KEYRING"]), Identity.read(Path(place.environ["SMOS_KEY_FILE"])))


def start(place: RunTarget, server: VaultServer, said: list[str], anew: bool = False) -> None:
    """Initialises it, without its inside."""
    settings = settings_at(server.port)
    vault._initialize(place, settings, VaultApi(server.port), said.append, anew)


def test_keys_are_in_the_keyring_before_it_goes_on(place: RunTarget, server: VaultServer) -> None:
    """All shares and the root token; none of them is said or shown."""
    said: list[str] = []
    start(place, server, said)
    keyring = keyring_of(place)
    paths = [f"prod/vault/unsealKeys/{number}" for number in range(1, 6)]
    assert keyring.paths() == ["prod/vault/rootToken", *paths]
    assert not any(keyring.get(path) in "".join(said) for path in keyring.paths())
    assert server.sealed
    assert repr(Keys(("share",), "token")) == "Keys(1 shares)"


def test_a_restart_is_opened_with_the_keyrings_keys(place: RunTarget, server: VaultServer) -> None:
    """Sealed again after each start; opening twice is no error."""
    start(place, server, [])
    settings = settings_at(server.port)
    assert vault.open_sealed(place, settings, print)
    assert not vault.open_sealed(place, settings, print)
    assert vault.state(place, settings, print).opens
    assert not vault.state(place, settings, print).seal.sealed


def test_keys_of_a_vault_that_was_are_never_overwritten(place: RunTarget, server: VaultServer, tmp_path: Path) -> None:
    """An empty Vault beside known keys stops; with `anew` the old keys are kept aside."""
    start(place, server, [])
    before = keyring_of(place).get("prod/vault/unsealKeys/1")
    empty = VaultServer(tmp_path / "another")
    with pytest.raises(NotReady, match="--anew"):
        start(place, empty, [])
    assert not VaultApi(empty.port).status().initialized
    start(place, empty, [], anew=True)
    empty.close()
    after = keyring_of(place)
    assert after.get("prod/vault/unsealKeys/1") != before
    aside = [path for path in after.paths() if path.startswith("prod/vault-until-") and path.endswith("/unsealKeys/1")]
    assert [after.get(path) for path in aside] == [before]


def test_a_keyring_without_the_keys_says_so(place: RunTarget, server: VaultServer) -> None:
    """Too few, or of another Vault: what is wrong, and where the right ones are."""
    with pytest.raises(NotReady, match=r"not initialised.*\./smos vault init prod"):
        vault.open_sealed(place, settings_at(server.port), print)
    VaultApi(server.port).initialize(5, 3)
    with pytest.raises(NotReady, match=r"takes 3 keys; the keyring has 0.*git log"):
        vault.open_sealed(place, settings_at(server.port), print)


def test_a_refusal_is_told_in_vaults_own_words(server: VaultServer) -> None:
    """And never with the key that was tried."""
    api = VaultApi(server.port)
    api.initialize(1, 1)
    with pytest.raises(VaultRefused, match="message authentication failed") as caught:
        api.unseal(["ab" * 33])
    assert "abab" not in str(caught.value)
    assert api.status().sealed


def test_an_environment_without_vault_says_how_to_get_one(place: RunTarget) -> None:
    """The key that is missing in the settings."""
    settings = load_files("prod", ROOT)
    without = settings.model_copy(
        update={"services": settings.services.model_copy(update={"vault": None, "redis": None}), "database_servers": ()}
    )
    with pytest.raises(NotReady, match="add vault to smarteros:services"):
        vault.state(place, without, print)
