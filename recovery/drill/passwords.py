"""Whether a password of the keyring is the one that a vendor's program has stored as a hash: whether its owner could
log in.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from settings.services.recovery import Hashing

__all__ = ["logs_in"]

_BCRYPT_BYTES = 72
"""bcrypt reads no more of a password, wherever it is used."""
_MOST_ROUNDS = 5_000_000


def logs_in(hashing: Hashing, stored: str, before: str, password: str) -> bool:
    """`before`: what the vendor puts before the password (Metabase's salt); empty of the others."""
    if hashing == "pbkdf2_sha512":
        return _pbkdf2(stored, password)
    import bcrypt

    given = (before + password if hashing == "bcrypt_salted" else password).encode()[:_BCRYPT_BYTES]
    try:
        return bcrypt.checkpw(given, stored.encode())
    except ValueError:
        return False


def _pbkdf2(stored: str, password: str) -> bool:
    """Passlib's form: $pbkdf2-sha512$rounds$salt$hash, in base64 with a dot for the plus and no padding
    (passlib.handlers.pbkdf2, passlib.utils.binary.ab64_decode).
    """
    parts = stored.split("$")
    if len(parts) != 5 or parts[1] != "pbkdf2-sha512" or not parts[2].isdigit() or int(parts[2]) > _MOST_ROUNDS:
        return False
    try:
        salt, wanted = (base64.b64decode(one.replace(".", "+") + "=" * (-len(one) % 4)) for one in parts[3:])
    except (binascii.Error, ValueError):
        return False
    found = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, int(parts[2]), len(wanted) or 64)
    return hmac.compare_digest(found, wanted)
