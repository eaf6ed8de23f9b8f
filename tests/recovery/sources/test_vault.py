"""Vault comes back with the keys that it had: into the one that is there, or a new one, and nothing of it differs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from age_keyring import Identity, Keyring, Recipient, identity_from_environment
from deploy.vault_api import VaultApi
from recovery.manifest import Part
from recovery.sources import vault as vault_source
from recovery.sources.source import Context, NotRestorable, SourceFailed
from recovery.sources.vault import FILE, VaultSource, fingerprint, shares_of
from sandbox.vault.server.http import VaultServer
from tests.recovery.sources.contexts import context, part_of
from tests.sandbox.vault.server.servers import Asked

NAME = "vault_restored_20261130_120000"


@dataclass
class There:
    """The Vault of prod, whose keys are in a real keyring."""

    folder: Path
    environ: dict[str, str]
    server: VaultServer
    source: VaultSource = field(default_factory=lambda: VaultSource("vps"))

    @property
    def ctx(self) -> Context:
        """As it is now."""
        forward = SimpleNamespace(local_port=self.server.port)
        settings = SimpleNamespace(stack="prod", forward=lambda _name: forward)
        place = SimpleNamespace(environ=self.environ, target="sandbox")
        found = context(settings, place)
        object.__setattr__(found, "keyring", self.keyring)
        return found

    @property
    def keyring(self) -> Keyring:
        """As it is now."""
        return Keyring.open(self.folder / "keyring.age", identity_from_environment(self.environ))

    @contextlib.contextmanager
    def changing(self) -> Iterator[Keyring]:
        """Open for changes."""
        with Keyring.changing(self.folder / "keyring.age", identity_from_environment(self.environ)) as keyring:
            yield keyring

    @property
    def asked(self) -> Asked:
        """With the root token of the keyring."""
        return Asked(self.server.port, self.keyring.get("prod/vault/rootToken"))

    def initialised(self) -> None:
        """As `./smos vault init` does."""
        api = VaultApi(self.server.port)
        keys = api.initialize(3, 2)
        with self.changing() as keyring:
            for number, share in enumerate(keys.shares, 1):
                keyring.put(f"prod/vault/unsealKeys/{number}", share, replace=True)
            keyring.put("prod/vault/rootToken", keys.root_token, replace=True)
        api.unseal(keys.shares)

    def lost(self) -> None:
        """Its host is gone: another one begins, empty."""
        self.server.close()
        self.server = VaultServer(self.folder / f"vault-{self.server.port}")

    def captured(self) -> Part:
        """A backup of it."""
        (self.folder / FILE).unlink(missing_ok=True)
        with self.source.capture(self.ctx, self.folder) as captured:
            return part_of(captured, "vault")

    def restored(self, part: Part) -> str:
        """Through all steps."""
        self.source.restore_beside(self.ctx, self.folder, part, NAME)
        assert self.source.check(self.ctx, part, NAME) == []
        return self.source.put_in_place(self.ctx, part, NAME)


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[There]:
    """With two tenants' secrets and keys, a policy and a login."""
    identity = Identity.make(tmp_path / "key.txt")
    Keyring.create(tmp_path / "keyring.age", [Recipient(identity.public[0], "test")], identity).save()
    environ = {"SMOS_KEYRING": str(tmp_path / "keyring.age"), "SMOS_KEY_FILE": str(tmp_path / "key.txt")}
    monkeypatch.setattr(vault_source, "keeps_in", lambda _target: tmp_path / "kept")
    found = There(tmp_path, environ, VaultServer(tmp_path / "vault"))
    found.initialised()
    vault = found.asked
    for mount in ("t-acme", "t-beta"):
        vault.done("POST", f"sys/mounts/{mount}", {"type": "kv", "options": {"version": "2"}})
        vault.done("POST", f"{mount}/data/whatsapp/token", {"data": {"token": f"canary of {mount}"}})
    vault.done("POST", "sys/mounts/transit", {"type": "transit"})
    vault.done("POST", "transit/keys/acme", {})
    vault.done("POST", "sys/auth/approle", {"type": "approle"})
    vault.done("POST", "sys/policies/acl/acme", {"policy": 'path "t-acme/*" { capabilities = ["read"] }'})
    vault.done("POST", "auth/approle/role/acme", {"token_policies": ["acme"]})
    yield found
    found.server.close()


def test_a_new_vault_is_opened_with_the_original_keys(there: There) -> None:
    """Its own, with which it was initialised to be written over, are worth nothing then and go from the keyring."""
    part, before = there.captured(), there.keyring.paths()
    assert {"mount t-acme/", "mount t-beta/", "mount transit/", "login approle/", "policy acme"} <= set(
        part.digests.contents
    )
    there.lost()
    there.restored(part)
    vault = there.asked
    assert vault.done("GET", "t-acme/data/whatsapp/token")["data"]["data"] == {"token": "canary of t-acme"}
    assert there.keyring.paths() == before
    assert part.digests.differences(there.captured().digests) == []


def test_keys_that_were_kept_aside_meanwhile_are_the_environments_again(there: There) -> None:
    """Somebody began an empty Vault since (`./smos vault init --anew`): the snapshot needs the keys of before."""
    part = there.captured()
    original = shares_of(there.keyring, "prod/vault")
    there.lost()
    with there.changing() as keyring:
        for path in [path for path in keyring.paths() if path.startswith("prod/vault/")]:
            keyring.put(path.replace("prod/vault/", "prod/vault-until-20261130-110000/"), keyring.get(path))
            keyring.remove(path)
    there.initialised()
    there.asked.done("POST", "sys/mounts/new", {"type": "kv-v2"})
    old = there.restored(part)
    assert shares_of(there.keyring, "prod/vault") == original
    assert there.asked.ask("GET", "sys/mounts/new")[0] != 200 or "new/" not in there.asked.done("GET", "sys/mounts")
    assert (there.folder / "kept" / "recovery" / "vault" / f"{old}.snap").exists()
    there.source.remove_old(there.ctx, old)
    assert not (there.folder / "kept" / "recovery" / "vault" / f"{old}.snap").exists()


def test_without_its_keys_nothing_is_touched(there: There) -> None:
    """Told at once, with the fingerprint of those that are needed."""
    part = there.captured()
    there.lost()
    with there.changing() as keyring:
        for path in keyring.paths():
            keyring.remove(path)
    there.source.restore_beside(there.ctx, there.folder, part, NAME)
    (line,) = there.source.check(there.ctx, part, NAME)
    assert part.facts["keys"] in line
    with pytest.raises(NotRestorable, match="Nothing was replaced"):
        there.source.put_in_place(there.ctx, part, NAME)
    assert not VaultApi(there.server.port).status().initialized


@pytest.mark.parametrize("step", ["initialize", "take", "put_back", "unseal", "_settle_keys"])
def test_killed_after_any_step_the_same_goes_on(there: There, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """To the same end."""
    part = there.captured()
    there.lost()
    if step == "take":  # of a Vault that somebody began meanwhile
        with there.changing() as keyring:
            for path in keyring.paths():
                keyring.put(path.replace("prod/vault/", "prod/vault-until-x/"), keyring.get(path))
        there.initialised()
    there.source.restore_beside(there.ctx, there.folder, part, NAME)
    owner = VaultApi if step in ("initialize", "unseal") else vault_source
    done: Callable[..., object] = getattr(owner, step)
    with monkeypatch.context() as patched:

        def killed(*arguments: object) -> object:
            answer = done(*arguments)
            if step == "initialize":
                return answer  # its keys are kept in the same breath, or the Vault is an empty one without keys
            raise KeyboardInterrupt

        patched.setattr(owner, step, killed)
        with contextlib.suppress(KeyboardInterrupt):
            there.source.put_in_place(there.ctx, part, NAME)
    there.source.put_in_place(there.ctx, part, NAME)
    assert there.asked.done("GET", "t-beta/data/whatsapp/token")["data"]["data"] == {"token": "canary of t-beta"}


def test_a_snapshot_that_was_damaged_is_told_before_anything_is_touched(there: There) -> None:
    """By its own checksums."""
    part = there.captured()
    content = bytearray((there.folder / FILE).read_bytes())
    content[len(content) // 2] ^= 1
    (there.folder / FILE).write_bytes(content)
    there.source.restore_beside(there.ctx, there.folder, part, NAME)
    assert there.source.check(there.ctx, part, NAME)


def test_a_vault_that_holds_something_else_afterwards_is_told(there: There) -> None:
    """What a backup says is in it counts, not that the restore ended."""
    part = there.captured()
    wrong = {**part.digests.contents, "mount t-acme/": "0" * 64}
    part = part.model_copy(update={"digests": part.digests.model_copy(update={"contents": wrong})})
    with pytest.raises(SourceFailed, match="mount t-acme/"):
        there.restored(part)


def test_a_fingerprint_tells_keys_apart_and_nothing_of_them() -> None:
    """Whatever their order."""
    assert fingerprint(["a", "b"]) == fingerprint(["b", "a"]) != fingerprint(["a", "c"])
    assert fingerprint([]) == ""
