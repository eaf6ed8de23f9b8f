"""The keyring: any one recipient opens it, nobody else does, and nothing is lost or shown. With real keys."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pyrage
import pytest

from age_keyring import Identity, Keyring, KeyringError, Recipient, identity_from_environment, recipients_file
from age_keyring.recipients import read_recipients
from age_keyring.signers import own_key, own_signer, trust
from age_keyring.signing import Statement, signed

SECRET = "s3cretValueOfAnEntry"


def someone(folder: Path, name: str) -> tuple[Identity, Recipient]:
    """A person with an age key of their own."""
    identity = Identity.make(folder / name / "key.txt")
    return identity, Recipient(identity.public[0], name)


@pytest.fixture
def ana(tmp_path: Path) -> tuple[Identity, Recipient]:
    return someone(tmp_path, "ana")


@pytest.fixture
def file(tmp_path: Path, ana: tuple[Identity, Recipient]) -> Path:
    """A keyring with one entry, which Ana can open."""
    keyring = Keyring.create(tmp_path / "clone" / "keyring.age", [ana[1]], ana[0])
    keyring.put("shared/resticPassword", SECRET)
    keyring.save()
    return keyring.file


def ssh_key(folder: Path, *more: str, passphrase: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    key = folder / "id"
    subprocess.run(["ssh-keygen", "-q", "-N", passphrase, "-C", "at work", "-f", str(key), *more], check=True)
    return key


def test_what_is_put_is_there_after_a_save(file: Path, ana: tuple[Identity, Recipient]) -> None:
    """It opens again, its file shows no value and no path, and its repr shows none either."""
    keyring = Keyring.open(file, ana[0])
    assert keyring.get("shared/resticPassword") == SECRET
    assert keyring.paths() == ["shared/resticPassword"]
    assert keyring.find("shared/other") is None
    text = file.read_text()
    assert text.startswith("-----BEGIN AGE ENCRYPTED FILE-----")
    assert SECRET not in text + repr(keyring) + repr(ana[0])
    assert file.stat().st_mode & 0o077 == 0


def test_an_entry_is_not_overwritten_unless_told(file: Path, ana: tuple[Identity, Recipient]) -> None:
    """The same value again is no change; another one is refused; `replace` says that it is meant."""
    keyring = Keyring.open(file, ana[0])
    keyring.put("shared/resticPassword", SECRET)
    with pytest.raises(KeyringError, match="there already") as refused:
        keyring.put("shared/resticPassword", "another")
    assert SECRET not in str(refused.value)
    assert "another with" not in str(refused.value)
    keyring.put("shared/resticPassword", "another", replace=True)
    assert keyring.get("shared/resticPassword") == "another"


def test_nothing_changed_writes_nothing(file: Path, ana: tuple[Identity, Recipient]) -> None:
    """No new ciphertext for the same content, so git shows changes only."""
    before = file.read_bytes()
    with Keyring.changing(file, ana[0]) as keyring:
        keyring.put("shared/resticPassword", SECRET)
    assert file.read_bytes() == before
    assert not file.with_name("keyring.age.bak").exists()


def test_the_keyring_before_the_last_change_is_kept(file: Path, ana: tuple[Identity, Recipient]) -> None:
    """keyring.age.bak opens, and holds what was."""
    with Keyring.changing(file, ana[0]) as keyring:
        keyring.put("prod/redisPassword", "old")
        keyring.save()
        keyring.put("prod/redisPassword", "new", replace=True)
        keyring.remove("prod/redisPassword")
        keyring.put("prod/redisPassword", "new")
    assert Keyring.open(file, ana[0]).paths() == ["prod/redisPassword", "shared/resticPassword"]
    assert Keyring.open(file, ana[0]).get("prod/redisPassword") == "new"
    before = file.with_name("keyring.age.bak")
    assert Keyring.unproved(before, ana[0]).get("prod/redisPassword") == "old"
    file.write_bytes(before.read_bytes())
    with pytest.raises(KeyringError, match=r"number 2, .* has seen number 3.*\./smos keys sign"):
        Keyring.open(file, ana[0])
    Keyring.unproved(file, ana[0]).sign("ana")
    assert Keyring.open(file, ana[0]).get("prod/redisPassword") == "old"


def test_a_failed_change_leaves_everything_as_it_was(file: Path, ana: tuple[Identity, Recipient]) -> None:
    """What is raised in the block of changes reaches the caller, and the disk stays untouched."""
    before = sorted((path.name, path.read_bytes()) for path in file.parent.iterdir())

    def half_way() -> None:
        with Keyring.changing(file, ana[0]) as keyring:
            keyring.put("prod/redisPassword", "new")
            keyring.put("nonsense", "new")

    with pytest.raises(KeyringError, match="not a path"):
        half_way()
    assert sorted((path.name, path.read_bytes()) for path in file.parent.iterdir()) == before


def test_two_writers_do_not_lose_each_others_entries(file: Path, ana: tuple[Identity, Recipient]) -> None:
    """The second one is told, instead of writing over the first one's."""
    first, second = Keyring.open(file, ana[0]), Keyring.open(file, ana[0])
    first.put("prod/redisPassword", "one")
    second.put("backup/redisPassword", "two")
    first.save()
    with pytest.raises(KeyringError, match="in the meantime"):
        second.save()
    assert Keyring.open(file, ana[0]).paths() == ["prod/redisPassword", "shared/resticPassword"]


@pytest.mark.parametrize("kind", [("-t", "ed25519"), ("-t", "rsa", "-b", "2048")], ids=["ed25519", "rsa"])
def test_losing_one_recipients_key_loses_nothing(
    file: Path, ana: tuple[Identity, Recipient], tmp_path: Path, kind: tuple[str, ...]
) -> None:
    """The other one, here with an SSH key, opens everything, lets a new key in, and the lost one out."""
    key = ssh_key(tmp_path / "ben", *kind)
    with Keyring.changing(file, ana[0]) as keyring:
        keyring.add_recipient(Recipient.parse(key.with_suffix(".pub").read_text(), name="ben"))
    ana[0].file.unlink()
    ben = Identity.read(key)
    trust(ben, own_signer(ana[0], "ana"))
    trust(ben, own_signer(ben, "ben"))
    again, line = someone(tmp_path, "ana-again")
    with Keyring.changing(file, ben) as keyring:
        assert keyring.get("shared/resticPassword") == SECRET
        keyring.add_recipient(line)
        keyring.remove_recipient("ana")
    trust(again, own_signer(ben, "ben"))
    assert Keyring.open(file, again).get("shared/resticPassword") == SECRET
    with pytest.raises(KeyringError, match="none of its recipients"):
        Keyring.open(file, ana[0])
    assert [one.name for one in read_recipients(recipients_file(file))] == ["ben", "ana-again"]
    assert ben.public[0] == keyring.recipients[0].public


def test_the_last_recipient_stays(file: Path, ana: tuple[Identity, Recipient]) -> None:
    """Or nobody could ever open it again."""
    keyring = Keyring.open(file, ana[0])
    with pytest.raises(KeyringError, match="last recipient"):
        keyring.remove_recipient("ana")
    with pytest.raises(KeyringError, match="one of: ana"):
        keyring.remove_recipient("ane")


def test_a_wrong_key_says_how_to_get_in(file: Path, tmp_path: Path) -> None:
    """With the very command that a colleague runs."""
    other, line = someone(tmp_path, "other")
    with pytest.raises(KeyringError, match="none of its recipients") as refused:
        Keyring.open(file, other)
    assert f"add-recipient '{line.public}'" in str(refused.value)


def test_a_missing_key_says_where_it_was_looked_for(tmp_path: Path) -> None:
    """And which variable names another place."""
    with pytest.raises(KeyringError, match="no key to open") as refused:
        identity_from_environment({"SMOS_KEY_FILE": str(tmp_path / "none")})
    assert str(tmp_path / "none") in str(refused.value)
    assert "SMOS_KEY_FILE" in str(refused.value)


def test_a_key_that_can_not_be_used_says_why(tmp_path: Path) -> None:
    """With a passphrase, of a kind that age lacks, no key at all, readable by others."""
    with pytest.raises(KeyringError, match="has a passphrase"):
        Identity.read(ssh_key(tmp_path / "a", "-t", "ed25519", passphrase="long enough"))
    with pytest.raises(KeyringError, match="ed25519 or RSA"):
        Identity.read(ssh_key(tmp_path / "b", "-t", "ecdsa"))
    odd = tmp_path / "odd"
    odd.write_text("AGE-SECRET-KEY-1NONSENSE\n")
    odd.chmod(0o644)
    with pytest.raises(KeyringError, match="chmod 600"):
        Identity.read(odd)
    odd.chmod(0o600)
    with pytest.raises(KeyringError, match="damaged age identity") as refused:
        Identity.read(odd)
    assert "NONSENSE" not in str(refused.value)
    odd.write_bytes(b"\xff\x00")
    with pytest.raises(KeyringError, match="neither an age identity"):
        Identity.read(odd)


def test_a_key_is_never_written_over(ana: tuple[Identity, Recipient]) -> None:
    """It may be the only one that opens a keyring."""
    before = ana[0].file.read_text()
    with pytest.raises(KeyringError, match="there is a file already"):
        Identity.make(ana[0].file)
    assert ana[0].file.read_text() == before
    assert ana[0].file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("cut", [0, 40, 200, -40])
def test_a_damaged_keyring_says_where_the_last_good_one_is(
    file: Path, ana: tuple[Identity, Recipient], cut: int
) -> None:
    """In git, and beside it."""
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(KeyringError, match=r"keyring\.age\.bak"):
        Keyring.open(file, ana[0])


def test_what_is_no_keyring_is_told_without_its_content(file: Path, ana: tuple[Identity, Recipient]) -> None:
    """Something else, encrypted to the same key."""
    for content in (SECRET, f'{{"version": 1, "entries": ["{SECRET}"]}}', f'"{SECRET}"'):
        statement = Statement(
            purpose="keyring", stack="", subject="x", made="2026-01-31T12:00:00Z", serial=1, signer=""
        )
        signed_too = signed(own_key(ana[0]), statement, content.encode())
        for plain, why in ((content.encode(), "it is not signed"), (signed_too, "not a keyring's")):
            file.write_bytes(pyrage.encrypt(plain, [ana[1].key("")]))
            with pytest.raises(KeyringError, match=why) as refused:
                Keyring.open(file, ana[0])
            assert SECRET not in str(refused.value)


def test_a_line_that_was_slipped_in_is_not_encrypted_to(
    file: Path, ana: tuple[Identity, Recipient], tmp_path: Path
) -> None:
    """Whoever can write to git can add a line to keyring.recipients; that lets nobody in."""
    stranger, line = someone(tmp_path, "stranger")
    beside = recipients_file(file)
    good = beside.read_text()
    beside.write_text(f"{good}{line.public} # ana-laptop\n")
    with pytest.raises(KeyringError, match="ana-laptop"), Keyring.changing(file, ana[0]) as keyring:
        keyring.put("prod/redisPassword", "new")
    with pytest.raises(KeyringError, match="none of its recipients"):
        Keyring.open(file, stranger)
    with Keyring.changing(file, ana[0]) as keyring:  # the command that the message names
        keyring.add_recipient(Recipient(line.public, "ana-laptop"))
    trust(stranger, own_signer(ana[0], "ana"))
    assert Keyring.open(file, stranger).get("shared/resticPassword") == SECRET


def test_a_line_that_is_missing_is_reported_and_mended(file: Path, ana: tuple[Identity, Recipient]) -> None:
    """As after a crash between the two files: the same command again completes it."""
    recipients_file(file).unlink()
    with pytest.raises(KeyringError, match="ana is missing"):
        Keyring.open(file, ana[0]).check_recipients()
    with Keyring.changing(file, ana[0]) as keyring:
        keyring.add_recipient(ana[1])
    Keyring.open(file, ana[0]).check_recipients()


def test_a_file_that_is_encrypted_to_a_stranger_too_is_noticed(
    file: Path, ana: tuple[Identity, Recipient], tmp_path: Path
) -> None:
    """By the file's own header: how many age keys, and which SSH keys; encrypting it anew mends it."""
    ben = Recipient.parse(ssh_key(tmp_path / "ben", "-t", "ed25519").with_suffix(".pub").read_text(), name="ben")
    with Keyring.changing(file, ana[0]) as keyring:
        keyring.add_recipient(ben)
        keyring.save()
        keyring.check_sealed()
    content = pyrage.decrypt(file.read_bytes(), list(ana[0].keys))
    eve = Recipient.parse(ssh_key(tmp_path / "eve", "-t", "ed25519").with_suffix(".pub").read_text(), name="eve")
    for strangers in ([ana[1], ben, someone(tmp_path, "x")[1]], [ana[1], eve], [ana[1]]):
        file.write_bytes(pyrage.encrypt(content, [one.key("") for one in strangers], armored=True))
        with pytest.raises(KeyringError, match="not to exactly those"):
            Keyring.open(file, ana[0]).check_sealed()
    with Keyring.changing(file, ana[0]) as keyring:
        keyring.add_recipient(ana[1])
    Keyring.open(file, ana[0]).check_sealed()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("age1nonsense # x", "no public key of age"),
        ("", "no name"),
        ("ssh-dss AAAA x", "no public key of age"),
        ("AGE-SECRET-KEY-1ABC", "PRIVATE"),
        ("age1abc", "no name"),
    ],
)
def test_a_recipient_that_is_none_is_refused(line: str, said: str) -> None:
    """Whatever was pasted; a private key is named as what it is, and not repeated."""
    with pytest.raises(KeyringError, match=said) as refused:
        Recipient.parse(line)
    assert "1ABC" not in str(refused.value)


@pytest.mark.parametrize("path", ["", "one", "/a/b", "a//b", "a/b/", "a/../b", "a/b c", "a/é"])
def test_a_path_has_parts(file: Path, ana: tuple[Identity, Recipient], path: str) -> None:
    """Two to eight of them, without what a shell or a file system would take for something else."""
    with pytest.raises(KeyringError, match="not a path"):
        Keyring.open(file, ana[0]).put(path, "value")


def test_there_is_one_keyring(file: Path, ana: tuple[Identity, Recipient]) -> None:
    """A second one is never started over it; one without recipients never at all."""
    with pytest.raises(KeyringError, match="already"):
        Keyring.create(file, [ana[1]], ana[0])
    with pytest.raises(KeyringError, match="never be opened"):
        Keyring.create(file.with_name("other.age"), [], ana[0])
    with pytest.raises(KeyringError, match="there is no keyring"):
        Keyring.open(file.with_name("other.age"), ana[0])
