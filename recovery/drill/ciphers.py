"""What vendors store encrypted, opened with the keys of the keyring: each as its vendor's own program reads it.

Only whether it opens is of interest: what is inside is returned to be counted and forgotten, never told. A format that
is not known here is refused: it is not "nothing wrong".
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import hmac
import json
import secrets
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from settings.services.recovery import Cipher

__all__ = ["NotOpened", "is_encrypted", "opened", "sealed"]

_MAGIC = b"Salted__"
_BLOCK = 16
_METABASE_TAG = 32
_METABASE_ROUNDS = 100_000
_RAILS_ROUNDS = 2**16
_RAILS_IV, _RAILS_TAG, _RAILS_KEY = 12, 16, 32
_MOST_PLAIN = 64 * 1024 * 1024


class NotOpened(Exception):
    """It does not open with these keys, or is not what the vendor writes; the text says which, and holds no secret."""


def opened(cipher: Cipher, stored: str | bytes, keys: Sequence[str]) -> bytes:
    """What is inside. Raises NotOpened."""
    try:
        return _CIPHERS[cipher](stored.encode() if isinstance(stored, str) else bytes(stored), tuple(keys))
    except (ValueError, KeyError, IndexError, TypeError, binascii.Error, zlib.error) as error:
        raise NotOpened(f"it is not as {cipher} writes it ({type(error).__name__})") from None


def sealed(cipher: str, text: str, key: str) -> str:
    """The text as the vendor would store it: what a neutralised copy has in the place of a credential. Of n8n and
    Metabase alone. Raises LookupError for others.
    """
    vector, salt = secrets.token_bytes(_BLOCK), secrets.token_bytes(8)
    if cipher == "n8n":
        derived, iv = _n8n_key(key, salt)
        return base64.b64encode(_MAGIC + salt + _encrypted(derived, iv, text.encode())).decode()
    if cipher == "metabase":
        whole = _metabase_key(key)
        body = _encrypted(whole[32:], vector, text.encode())
        tag = hmac.new(whole[:32], vector + body, hashlib.sha512).digest()[:_METABASE_TAG]
        return base64.b64encode(vector + body + tag).decode()
    raise LookupError(f"nothing is sealed as {cipher} does")


def is_encrypted(cipher: Cipher, stored: str | bytes) -> bool:
    """Whether it looks like what the vendor encrypts: asked only where he keeps some rows in plain."""
    content = stored.encode() if isinstance(stored, str) else bytes(stored)
    if cipher == "metabase":
        try:
            size = len(base64.b64decode(content, validate=True))
        except binascii.Error:
            return False
        return size > _METABASE_TAG + _BLOCK and (size - _METABASE_TAG) % _BLOCK == 0
    return cipher != "rails" or content.startswith(b'{"p":')


def _n8n(stored: bytes, keys: tuple[str, ...]) -> bytes:
    """n8n-io/n8n packages/core/src/encryption/aes-256-cbc.ts: AES-256-CBC, key and vector by MD5 of key and salt. What
    is inside is JSON: without that, one wrong key in 256 would seem right.
    """
    content = base64.b64decode(stored, validate=True)
    if not content.startswith(_MAGIC):
        raise NotOpened("it does not begin as n8n's credentials do: is it under a key of n8n's own database?")
    derived, vector = _n8n_key(keys[0], content[8:16])
    plain = _cbc(derived, vector, content[16:])
    try:
        json.loads(plain)
    except ValueError:
        raise NotOpened("it does not open with this key") from None
    return plain


def _n8n_key(key: str, salt: bytes) -> tuple[bytes, bytes]:
    password = key.encode("latin-1") + salt
    first = hashlib.md5(password, usedforsecurity=False).digest()
    second = hashlib.md5(first + password, usedforsecurity=False).digest()
    return first + second, hashlib.md5(second + password, usedforsecurity=False).digest()


def _metabase(stored: bytes, keys: tuple[str, ...]) -> bytes:
    """metabase/metabase src/metabase/util/encryption.clj, funcool/buddy-core src/buddy/core/crypto.clj: a vector, then
    AES-256-CBC with the second half of the derived key, then 32 bytes of HMAC-SHA512 with the first half.
    """
    content = base64.b64decode(stored, validate=True)
    vector, body, tag = content[:_BLOCK], content[_BLOCK:-_METABASE_TAG], content[-_METABASE_TAG:]
    derived = _metabase_key(keys[0])
    found = hmac.new(derived[:32], vector + body, hashlib.sha512).digest()[:_METABASE_TAG]
    if not hmac.compare_digest(found, tag):
        raise NotOpened("it does not open with this key")
    return _cbc(derived[32:], vector, body)


@functools.lru_cache(maxsize=4)
def _metabase_key(secret: str) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", secret.encode(), b"", _METABASE_ROUNDS, 64)


def _rails(stored: bytes, keys: tuple[str, ...]) -> bytes:
    """rails/rails activerecord/lib/active_record/encryption (key_generator.rb, cipher/aes256_gcm.rb,
    message_serializer.rb): JSON with payload, vector and tag; the key by PBKDF2 of the primary or the deterministic key
    and the salt, with SHA-256 or, before Rails 7.1's defaults, SHA-1.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    message: Mapping[str, Any] = json.loads(stored)
    payload, header = base64.b64decode(message["p"]), message["h"]
    vector, tag = base64.b64decode(header["iv"]), base64.b64decode(header["at"])
    if len(tag) != _RAILS_TAG or len(vector) != _RAILS_IV:
        raise NotOpened("its vector or tag is cut off")
    *others, salt = keys
    for secret in others:
        for digest in ("sha1", "sha256"):
            try:
                plain = AESGCM(_rails_key(secret, salt, digest)).decrypt(vector, payload + tag, None)
            except InvalidTag:
                continue
            return zlib.decompressobj().decompress(plain, _MOST_PLAIN) if header.get("c") else plain
    raise NotOpened("it does not open with these keys")


@functools.lru_cache(maxsize=8)
def _rails_key(secret: str, salt: str, digest: str) -> bytes:
    return hashlib.pbkdf2_hmac(digest, secret.encode(), salt.encode(), _RAILS_ROUNDS, _RAILS_KEY)


def _contextforge(stored: bytes, keys: tuple[str, ...]) -> bytes:
    """IBM/mcp-context-forge mcpgateway/utils/services_auth.py (decode_auth): a nonce of 12 bytes, then AES-256-GCM with
    the secret's SHA-256.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    content = base64.b64decode(stored + b"=" * (-len(stored) % 4), altchars=b"-_", validate=True)
    try:
        return AESGCM(hashlib.sha256(keys[0].encode()).digest()).decrypt(content[:12], content[12:], None)
    except InvalidTag:
        raise NotOpened("it does not open with this key") from None


def _cbc(key: bytes, vector: bytes, body: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher as Encryption
    from cryptography.hazmat.primitives.ciphers import algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    if not body:
        raise NotOpened("it is cut off")
    decryptor, unpadder = Encryption(algorithms.AES(key), modes.CBC(vector)).decryptor(), PKCS7(_BLOCK * 8).unpadder()
    padded = decryptor.update(body) + decryptor.finalize()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise NotOpened("it does not open with this key") from None


def _encrypted(key: bytes, vector: bytes, plain: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher as Encryption
    from cryptography.hazmat.primitives.ciphers import algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    padder, encryptor = PKCS7(_BLOCK * 8).padder(), Encryption(algorithms.AES(key), modes.CBC(vector)).encryptor()
    return encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


_CIPHERS: Mapping[Cipher, Callable[[bytes, tuple[str, ...]], bytes]] = {
    "n8n": _n8n,
    "metabase": _metabase,
    "rails": _rails,
    "contextforge": _contextforge,
}
