"""What a service must be asked once its data were restored, in the words of its vendor's own schema.

A database that came back whole may still be of no use: the key that opens its credentials is another one, a counter
is behind the rows that it numbers, the files that its rows name are missing. So every service that keeps data says
here which questions tell that, each with the vendor's source. This asks nobody: recovery/drill does, in a place
without a way out. What only the running application could answer is told in `unasked`, and every proof repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Cipher",
    "Decrypted",
    "FilesThere",
    "Hashing",
    "LogsIn",
    "NoneWrong",
    "NothingKept",
    "Recovery",
    "RecoveryCheck",
    "Written",
]

Cipher = Literal["n8n", "metabase", "rails", "contextforge"]
"""How a vendor encrypts what it stores: recovery/drill/ciphers.py opens each."""
Hashing = Literal["bcrypt", "bcrypt_salted", "pbkdf2_sha512"]
"""How a vendor keeps a password: recovery/drill/passwords.py compares with each."""


@dataclass(frozen=True, kw_only=True)
class NoneWrong:
    """Rows that could not be if the data were whole: the query names them, and there must be none."""

    name: str
    asks: str
    """What is asked, for whoever reads the proof."""
    sql: str
    """SELECT of one column: what is wrong."""
    source: str


@dataclass(frozen=True, kw_only=True)
class Decrypted:
    """What is stored encrypted opens with the key of the keyring: every row of it."""

    name: str
    asks: str
    sql: str
    """SELECT of two columns: which one, and the encrypted text."""
    cipher: Cipher
    secrets: tuple[str, ...]
    """The names of the service's secrets that open it, in the order that the cipher takes them."""
    or_plain: bool = False
    """Whether the vendor keeps some rows in plain: those are counted and passed over."""
    source: str


@dataclass(frozen=True, kw_only=True)
class LogsIn:
    """The owner's password of the keyring is the one that is stored: he can log in."""

    name: str
    asks: str
    sql: str
    """SELECT of two columns: the stored hash, and what is put before the password, if anything is."""
    hashing: Hashing
    secret: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Written:
    """What the application would write next is taken; it is rolled back. Triggers and counters are tried that way."""

    name: str
    asks: str
    needs: str
    """SELECT that has a row when there is something to write to; without one, nothing is written."""
    sql: str
    """A statement that returns what was written."""
    source: str


@dataclass(frozen=True, kw_only=True)
class FilesThere:
    """Every file that a row names is in the volume that came back with it, with its checksum."""

    name: str
    asks: str
    sql: str
    """SELECT of three columns: the path below the volume, the size in bytes (or null), the checksum (or null)."""
    checksum: Literal["sha1", "md5_base64"]
    volume: str
    """The end of the volume's name."""
    source: str


RecoveryCheck = NoneWrong | Decrypted | LogsIn | Written | FilesThere


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What a service that keeps data must be asked after a restore."""

    marker: str
    """A table that is there wherever the application has prepared its database: without it nothing can be asked."""
    checks: tuple[RecoveryCheck, ...]
    unasked: str
    """What only the running application could answer."""


@dataclass(frozen=True, kw_only=True)
class NothingKept:
    """Nothing that a backup would have to bring back."""

    because: str
