"""The owner of an n8n: made, and set again, by n8n itself at each start, before it answers anybody.

n8n takes bcrypt's hash instead of the password (packages/cli/src/instance-settings-loader/loaders,
owner.instance-settings-loader.ts), and what it is told replaces whatever owner there is: a password that was changed in
n8n is the keyring's again after the next start.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

import bcrypt
from pulumi import Input, Output

from components.secrecy import secret

__all__ = ["InstanceOwner", "password_hash"]

# n8n itself takes 10 (packages/cli/src/services/password.utility.ts, SALT_ROUNDS), for passwords that people think up,
# and compares at the cost that a hash names. This one is the keyring's, of the length that settings.secrets demands:
# nobody tries all of those at any cost, and 10 would be a tenth of a second of every run.
COST = 6
# bcrypt reads no more of a password, and neither does n8n's when it compares.
READ_BYTES = 72
_PLAIN, _BCRYPTS = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
)


@dataclass(frozen=True, kw_only=True)
class InstanceOwner:
    """The owner of an n8n: address, password, and what the salt of its hash is made from."""

    email: str
    password: Input[str]
    salted_with: Input[str]
    """A key that whoever sees the hash does not have. Of it the salt is made, so each run comes to the same hash."""

    @property
    def env(self) -> dict[str, str]:
        """What n8n is told in plain."""
        return {"N8N_INSTANCE_OWNER_MANAGED_BY_ENV": "true", "N8N_INSTANCE_OWNER_EMAIL": self.email.lower()}

    @property
    def secrets(self) -> dict[str, Input[str]]:
        """The hash: a secret as well, for who has it can try passwords as fast as he likes."""
        known = Output.all(self.password, self.salted_with)
        made = known.apply(lambda both: password_hash(str(both[0]), str(both[1]), self.email))
        return {"N8N_INSTANCE_OWNER_PASSWORD_HASH": secret(made)}


def password_hash(password: str, key: str, email: str) -> str:
    """bcrypt's hash of a password: the same for the same, so that an unchanged n8n is not made anew at each run."""
    drawn = hmac.digest(key.encode(), b"the salt of n8n's owner " + email.lower().encode(), hashlib.sha256)[:16]
    letters = base64.b64encode(drawn).decode().rstrip("=").translate(str.maketrans(_PLAIN, _BCRYPTS))
    salt = f"$2b${COST:02}${letters}".encode()
    return bcrypt.hashpw(password.encode()[:READ_BYTES], salt).decode()
