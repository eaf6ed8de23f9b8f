"""Values as vendors store them, made here by other means than the program's own."""

from __future__ import annotations

import base64
import hashlib
import json
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["contextforge", "rails"]


def rails(text: str, key: str, salt: str, digest: str) -> str:
    """A value as Active Record stores it (message_serializer.rb)."""
    derived = hashlib.pbkdf2_hmac(digest, key.encode(), salt.encode(), 2**16, 32)
    vector = os.urandom(12)
    whole = AESGCM(derived).encrypt(vector, text.encode(), None)
    parts = {"p": whole[:-16], "iv": vector, "at": whole[-16:]}
    told = {name: base64.b64encode(value).decode() for name, value in parts.items()}
    return json.dumps({"p": told["p"], "h": {"iv": told["iv"], "at": told["at"]}}, separators=(",", ":"))


def contextforge(text: str, key: str) -> str:
    """A credential of a tool as the gateway stores it (services_auth.py)."""
    nonce = os.urandom(12)
    whole = nonce + AESGCM(hashlib.sha256(key.encode()).digest()).encrypt(nonce, text.encode(), None)
    return base64.urlsafe_b64encode(whole).rstrip(b"=").decode()
