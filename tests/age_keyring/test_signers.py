"""A keyring counts when somebody signed it whose key is pinned outside of the repository: nobody else's does, whatever
else is in it, and none that was seen in a newer form.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest

from age_keyring import SIGNERS_VARIABLE, Identity, Keyring, KeyringError, Recipient, identity_from_environment
from age_keyring.signers import own_key, own_signer, trust, trusted
from age_keyring.signing import Purpose, SignatureRefused, Statement, fingerprint, opened, signed
from tests.age_keyring.test_keyring import SECRET, someone

STATEMENT = Statement(purpose="keyring", stack="", subject="s", made="2026-01-31T12:00:00Z", serial=7, signer="")


@pytest.fixture
def ana(tmp_path: Path) -> tuple[Identity, Recipient]:
    return someone(tmp_path, "ana")


@pytest.fixture
def file(tmp_path: Path, ana: tuple[Identity, Recipient]) -> Path:
    keyring = Keyring.create(tmp_path / "clone" / "keyring.age", [ana[1]], ana[0])
    keyring.put("shared/resticPassword", SECRET)
    keyring.save()
    return keyring.file


def test_one_for_the_same_recipients_with_another_signature_is_refused(
    file: Path, ana: tuple[Identity, Recipient], tmp_path: Path
) -> None:
    """Whoever can push knows the recipients' public keys and can make a whole keyring for them."""
    eve, _ = someone(tmp_path, "eve")
    theirs = Keyring.create(tmp_path / "eve" / "keyring.age", [ana[1]], eve)
    theirs.put("shared/archiveSigningKey", "0" * 64)
    theirs.save()
    file.write_bytes(theirs.file.read_bytes())
    with pytest.raises(KeyringError, match="trusted here are ana") as refused:
        Keyring.open(file, ana[0])
    assert f"./smos keys trust {fingerprint(own_signer(eve, 'eve').public)}" in str(refused.value)


def test_nobody_is_trusted_until_somebody_says_so(file: Path, ana: tuple[Identity, Recipient], tmp_path: Path) -> None:
    """The first use explains what to compare, and by what other way; then it opens."""
    ben, line = someone(tmp_path, "ben")
    with Keyring.changing(file, ana[0]) as keyring:
        keyring.add_recipient(line)
    with pytest.raises(KeyringError, match=r"trusts nobody yet.* not by way of the repository"):
        Keyring.open(file, ben)
    trust(ben, own_signer(ana[0], "ana"))
    assert Keyring.open(file, ben).get("shared/resticPassword") == SECRET


def test_a_changed_byte_is_noticed(file: Path, ana: tuple[Identity, Recipient]) -> None:
    """Of the content that recipients can decrypt and encrypt anew: in the signature, the statement, the entries."""
    text = pyrage.decrypt(file.read_bytes(), list(ana[0].keys))
    for index in range(0, len(text), 7):
        changed = text[:index] + bytes([text[index] ^ 1]) + text[index + 1 :]
        file.write_bytes(pyrage.encrypt(changed, [ana[1].key("")], armored=True))
        with pytest.raises(KeyringError):
            Keyring.open(file, ana[0])


def test_an_older_one_is_not_taken_for_the_newest(file: Path, ana: tuple[Identity, Recipient]) -> None:
    """What a removed recipient has kept, or git's history; on a machine that has seen a newer one. Each save counts."""
    old = file.read_bytes()
    with Keyring.changing(file, ana[0]) as keyring:
        keyring.put("shared/resticPassword", "another", replace=True)
    file.write_bytes(old)
    with pytest.raises(KeyringError, match="number 1, and this machine has seen number 2"):
        Keyring.open(file, ana[0])
    Keyring.unproved(file, ana[0]).sign("ana")
    opened_again = Keyring.open(file, ana[0])
    assert opened_again.statement is not None
    assert opened_again.statement.serial == 3


def test_two_keyrings_are_numbered_apart(file: Path, ana: tuple[Identity, Recipient], tmp_path: Path) -> None:
    """One that was just made is no old one of another."""
    for value in ("a", "b"):
        with Keyring.changing(file, ana[0]) as keyring:
            keyring.put("prod/x", value, replace=True)
    other = Keyring.create(tmp_path / "other" / "keyring.age", [ana[1]], ana[0])
    other.save()
    assert Keyring.open(other.file, ana[0]).paths() == []


def test_a_signature_counts_for_its_purpose_alone(ana: tuple[Identity, Recipient]) -> None:
    """What was signed as an archive is no keyring, by the same key and word for word."""
    key = own_key(ana[0], make=True)
    public = own_signer(ana[0], "ana").public
    content = signed(key, STATEMENT, b"body")
    assert bytes(opened(content, "keyring", [public])[1]) == b"body"
    others: tuple[Purpose, ...] = ("archive", "proof", "review")
    for purpose in others:
        with pytest.raises(SignatureRefused, match="not signed by anybody who is trusted"):
            opened(content, purpose, [public])


def test_the_pinned_file_may_be_named_by_the_environment(
    file: Path, ana: tuple[Identity, Recipient], tmp_path: Path
) -> None:
    """As a job in CI is given it, beside the key."""
    pinned = tmp_path / "ci" / "signers"
    environ = {"SMOS_KEY_FILE": str(ana[0].file), SIGNERS_VARIABLE: str(pinned)}
    with pytest.raises(KeyringError, match="trusts nobody yet"):
        Keyring.open(file, identity_from_environment(environ))
    pinned.parent.mkdir()
    pinned.write_text(ana[0].signers.read_text())
    assert Keyring.open(file, identity_from_environment(environ)).get("shared/resticPassword") == SECRET


def test_a_file_of_signers_that_others_can_write_does_not_count(file: Path, ana: tuple[Identity, Recipient]) -> None:
    """Or somebody else on this machine says whom to trust."""
    ana[0].signers.chmod(0o666)
    with pytest.raises(KeyringError, match=r"others on this machine can write it.*chmod"):
        Keyring.open(file, ana[0])


def test_a_signing_key_that_others_can_read_or_that_is_none_signs_nothing(
    file: Path, ana: tuple[Identity, Recipient]
) -> None:
    """The keyring stays as it was; an age key, an empty file, a folder in its place, none at all."""
    before = file.read_bytes()

    def readable(key: Path) -> None:
        key.chmod(0o644)

    def age(key: Path) -> None:
        key.chmod(0o600)
        key.write_text("AGE-SECRET-KEY-1")

    def empty(key: Path) -> None:
        key.write_text("")

    def gone(key: Path) -> None:
        key.unlink()

    def folder(key: Path) -> None:
        key.mkdir()

    damages: list[Callable[[Path], None]] = [readable, age, empty, gone, folder]
    for damage in damages:
        damage(ana[0].signing)
        with pytest.raises(KeyringError, match=r"key\.txt\.signing: .*Fix: "), Keyring.changing(file, ana[0]) as one:
            one.put("prod/x", "y")
    assert file.read_bytes() == before


def test_only_ed25519_keys_are_signers(ana: tuple[Identity, Recipient]) -> None:
    """An age key opens, and signs nothing; a second name for another key is refused."""
    with pytest.raises(KeyringError, match="not an ed25519 key"):
        trust(ana[0], ana[1])
    trust(ana[0], own_signer(ana[0], "ana"))
    with pytest.raises(KeyringError, match="another signer is called ana"):
        trust(ana[0], Recipient("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBx", "ana"))
    assert [one.name for one in trusted(ana[0])] == ["ana"]
