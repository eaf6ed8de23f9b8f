"""The key of tenants' states outlives its Vault: the keyring has it, a new Vault gets it; none is thrown away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from access.states import STATES
from age_keyring import Identity, Keyring, Recipient
from deploy.state_key import keep_state_key, kept_at
from deploy.vault_api import VaultApi, VaultRefused
from tests.sandbox.vault.server.servers import Asked, real, simulated
from tests.sandbox.vault.server.test_policy import VAULTS

Opened = Callable[[], AbstractContextManager[Keyring]]
Begin = Callable[[], Asked]
ALLOWED = {"exportable": True, "allow_plaintext_backup": True}
PLAIN = "c2VjcmV0"


@pytest.fixture(params=VAULTS)
def begin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Begin]:
    """Starts one Vault after the other, each with a fresh key."""
    start = {"simulated": simulated, "real": real}[request.param]
    opened: list[AbstractContextManager[Asked]] = []

    def another() -> Asked:
        opened.append(start(tmp_path / f"vault-{len(opened)}"))
        vault = opened[-1].__enter__()
        vault.done("POST", "sys/mounts/transit", {"type": "transit"})
        vault.done("POST", f"transit/keys/{STATES}", {})
        vault.done("POST", f"transit/keys/{STATES}/config", ALLOWED)
        return vault

    (tmp_path / "vault-0").mkdir()
    (tmp_path / "vault-1").mkdir()
    yield another
    for one in opened:
        one.__exit__(None, None, None)


@pytest.fixture
def keyring(tmp_path: Path) -> Opened:
    """An empty one, to be opened for changes."""
    file, identity = tmp_path / "keyring.age", Identity.make(tmp_path / "key.txt")
    Keyring.create(file, [Recipient(identity.public[0], "test")], identity).save()
    return lambda: Keyring.changing(file, identity)


def keep(vault: Asked, keyring: Opened) -> list[str]:
    """As `./smos vault init` does; what it said."""
    said: list[str] = []
    with keyring() as opened:
        opened.put("prod/vault/rootToken", vault.root, replace=True)
    keep_state_key(VaultApi(vault.port), keyring, "prod", said.append)
    return said


def entries(keyring: Opened) -> dict[str, str]:
    """What is in it, without the token."""
    with keyring() as opened:
        return {path: opened.get(path) for path in opened.paths() if path != "prod/vault/rootToken"}


def sealed(vault: Asked) -> str:
    """Something that its key has encrypted."""
    return str(vault.done("POST", f"transit/encrypt/{STATES}", {"plaintext": PLAIN})["data"]["ciphertext"])


def opens(vault: Asked, text: str) -> bool:
    """Whether its key decrypts that."""
    return vault.ask("POST", f"transit/decrypt/{STATES}", {"ciphertext": text})[0] == 200


def test_a_new_vault_opens_what_the_lost_one_encrypted(begin: Begin, keyring: Opened) -> None:
    """The copy is taken once, given to the new one, and no key is thrown away."""
    vault = begin()
    keep(vault, keyring)
    kept = entries(keyring)
    assert list(kept) == [kept_at("prod")] == ["prod/statesKey"]
    assert keep(vault, keyring) == []
    assert entries(keyring) == kept
    text = sealed(vault)

    anew = begin()
    theirs = sealed(anew)
    assert not opens(anew, text)
    (said,) = keep(anew, keyring)
    assert "giving Vault the key" in said
    assert opens(anew, text)
    assert not opens(anew, theirs)
    found = entries(keyring)
    aside = [path for path in found if path.startswith("prod/statesKey-until-")]
    assert (len(aside), found[kept_at("prod")]) == (1, kept[kept_at("prod")])
    assert keep(anew, keyring) == []
    VaultApi(anew.port).restore(STATES, found[aside[0]], anew.root)
    assert opens(anew, theirs)


def test_the_copy_follows_a_rotated_key(begin: Begin, keyring: Opened) -> None:
    """With its older versions: what they encrypted is still read. An older copy of Vault gets the newer key."""
    vault = begin()
    keep(vault, keyring)
    first, old = sealed(vault), entries(keyring)[kept_at("prod")]
    vault.done("POST", f"transit/keys/{STATES}/rotate", {})
    (said,) = keep(vault, keyring)
    assert "rotated" in said
    second = sealed(vault)
    VaultApi(vault.port).restore(STATES, old, vault.root)
    assert not opens(vault, second)
    keep(vault, keyring)
    assert opens(vault, first)
    assert opens(vault, second)


def test_a_key_that_may_not_leave_is_told(begin: Begin, keyring: Opened) -> None:
    """It is not found out when Vault is lost."""
    vault = begin()
    vault.done("POST", f"transit/keys/{STATES}/config", {"deletion_allowed": True})
    vault.done("DELETE", f"transit/keys/{STATES}")
    vault.done("POST", f"transit/keys/{STATES}", {})
    with pytest.raises(VaultRefused, match="disallowed"):
        keep(vault, keyring)
