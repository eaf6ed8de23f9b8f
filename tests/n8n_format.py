"""Credentials as n8n 2.x stores them: AES-256-CBC in OpenSSL's "Salted__" form, in base64.

Key and vector come from the encryption key and the salt by OpenSSL's old derivation (EVP_BytesToKey, MD5, one round).
Source: n8n's packages/core/src/encryption (aes-256-cbc.ts); what it writes is what `openssl enc -aes-256-cbc -md md5`
writes. With n8n's rotation of data keys switched on, those lie in its database, themselves encrypted with this key.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

__all__ = ["opened", "sealed"]

MAGIC = b"Salted__"
BLOCK_BITS = 128


def sealed(text: str, key: str) -> str:
    """The text as n8n would write it into its database."""
    salt = secrets.token_bytes(8)
    padder = PKCS7(BLOCK_BITS).padder()
    encryptor = _cipher(key, salt).encryptor()
    padded = padder.update(text.encode()) + padder.finalize()
    return base64.b64encode(MAGIC + salt + encryptor.update(padded) + encryptor.finalize()).decode()


def opened(stored: str, key: str) -> str:
    """What n8n reads from its database with this key. ValueError with another one (but for one case in 256)."""
    content = base64.b64decode(stored)
    assert content.startswith(MAGIC)
    decryptor = _cipher(key, content[8:16]).decryptor()
    unpadder = PKCS7(BLOCK_BITS).unpadder()
    padded = decryptor.update(content[16:]) + decryptor.finalize()
    return (unpadder.update(padded) + unpadder.finalize()).decode()


def _cipher(key: str, salt: bytes) -> Cipher[modes.CBC]:
    derived, last = b"", b""
    while len(derived) < 48:
        last = hashlib.md5(last + key.encode("latin-1") + salt, usedforsecurity=False).digest()
        derived += last
    return Cipher(algorithms.AES(derived[:32]), modes.CBC(derived[32:48]))
