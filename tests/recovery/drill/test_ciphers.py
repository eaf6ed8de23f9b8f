"""What vendors store encrypted opens with the right key alone; what is no cipher text is told, never passed over."""

from __future__ import annotations

import base64
import hashlib
import subprocess

import pytest

from recovery.drill.ciphers import NotOpened, is_encrypted, opened, sealed
from recovery.drill.passwords import logs_in
from settings.services.recovery import Cipher
from tests import n8n_format
from tests.recovery.stored import contextforge, rails

KEY, OTHER = "A" * 24, "B" * 24
STORED: dict[Cipher, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "n8n": (n8n_format.sealed('{"apiKey":"s"}', KEY), (KEY,), (OTHER,)),
    "metabase": (sealed("metabase", '{"host":"h"}', KEY), (KEY,), (OTHER,)),
    "rails": (rails("otp", KEY, "salt", "sha256"), (OTHER, KEY, "salt"), (OTHER, OTHER, "salt")),
    "contextforge": (contextforge('{"a":"b"}', KEY), (KEY,), (OTHER,)),
}


@pytest.mark.parametrize("cipher", STORED)
def test_the_right_key_opens(cipher: Cipher) -> None:
    """Each vendor's."""
    stored, right, _ = STORED[cipher]
    assert opened(cipher, stored, right)


@pytest.mark.parametrize("cipher", STORED)
def test_another_key_does_not(cipher: Cipher) -> None:
    """The wrong one is told."""
    stored, _, wrong = STORED[cipher]
    with pytest.raises(NotOpened):
        opened(cipher, stored, wrong)


def test_no_wrong_key_of_n8n_seems_right() -> None:
    """Padding alone lets one wrong key in 256 pass: what is inside must be JSON, too."""
    for number in range(2000):
        with pytest.raises(NotOpened):
            opened("n8n", STORED["n8n"][0], (f"wrong{number}",))


@pytest.mark.parametrize("cipher", STORED)
@pytest.mark.parametrize("stored", ["", "plain text", "{}", "AAAA", '{"p":"", "h":{}}', "\x00", "é" * 40])
def test_what_is_no_cipher_text_is_told(cipher: Cipher, stored: str) -> None:
    """Never taken for what opens, never a traceback."""
    with pytest.raises(NotOpened):
        opened(cipher, stored, STORED[cipher][1])


@pytest.mark.parametrize("cipher", [one for one in STORED if one != "n8n"])
def test_a_changed_byte_is_told(cipher: Cipher) -> None:
    """In the middle of it. Not n8n's, which has no checksum: there the dump's own has to do."""
    stored, right, _ = STORED[cipher]
    middle = len(stored) // 3
    changed = stored[:middle] + ("B" if stored[middle] != "B" else "C") + stored[middle + 1 :]
    with pytest.raises(NotOpened):
        opened(cipher, changed, right)


def test_rails_older_digest_opens_too() -> None:
    """Before Rails 7.1's defaults the key was derived with SHA-1."""
    assert opened("rails", rails("otp", KEY, "s", "sha1"), (KEY, OTHER, "s")) == b"otp"


def test_openssl_reads_what_is_sealed_as_n8n() -> None:
    """`openssl enc -aes-256-cbc -md md5` is the same format."""
    done = subprocess.run(
        ["openssl", "enc", "-d", "-aes-256-cbc", "-md", "md5", "-a", "-A", "-pass", f"pass:{KEY}"],
        input=sealed("n8n", "{}", KEY).encode(),
        capture_output=True,
        check=False,
    )
    assert done.stdout == b"{}", done.stderr


def test_what_metabase_keeps_in_plain_is_not_taken_for_encrypted() -> None:
    """As it tells them apart itself: base64 of a length that cipher text has."""
    assert is_encrypted("metabase", STORED["metabase"][0])
    for plain in ("true", "America/Santiago", '{"a":1}', "", "QUJD"):
        assert not is_encrypted("metabase", plain)


def test_passwords() -> None:
    """Each vendor's hash takes its own password and no other."""
    import bcrypt

    plain = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    salted = bcrypt.hashpw(b"salt-secret", bcrypt.gensalt(4)).decode()
    digest = hashlib.pbkdf2_hmac("sha512", b"secret", b"0123456789abcdef", 1000, 64)
    encoded = [base64.b64encode(one).decode().rstrip("=").replace("+", ".") for one in (b"0123456789abcdef", digest)]
    passlib = f"$pbkdf2-sha512$1000${encoded[0]}${encoded[1]}"
    assert logs_in("bcrypt", plain, "", "secret")
    assert not logs_in("bcrypt", plain, "", "other")
    assert logs_in("bcrypt_salted", salted, "salt-", "secret")
    assert not logs_in("bcrypt_salted", salted, "", "secret")
    assert logs_in("pbkdf2_sha512", passlib, "", "secret")
    assert not logs_in("pbkdf2_sha512", passlib, "", "other")
    for broken in ("", "$pbkdf2-sha512$1000$x", "$pbkdf2-sha512$99999999999$a$b", "no hash"):
        assert not logs_in("pbkdf2_sha512", broken, "", "secret")
        assert not logs_in("bcrypt", broken, "", "secret")
