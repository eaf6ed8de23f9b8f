"""Signed content: three lines before it say what it is, whose, from when, which number it has, and who says so.

    SMARTEROS SIGNED 1
    <signature, Ed25519, in base64>
    <statement, in JSON>

The signature is over the purpose and the statement's bytes, and the statement holds size and checksum of what follows.
So it is checked before anything is parsed; and what was signed for one purpose counts for no other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from kept.operator_error import OperatorError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["Purpose", "SignatureRefused", "Statement", "fingerprint", "opened", "private_of", "signed", "signer_of"]

Purpose = Literal["keyring", "archive", "proof", "review", "tombstones"]
"""What a signature is for. Each has keys of its own: a keyring the operators', the others one each in the keyring; but
tombstones are of the archives' key.
"""
FIRST_LINE = b"SMARTEROS SIGNED 1"
MOST_LINE_BYTES = 8192
_TYPES: Mapping[str, type] = {"int": int, "str": str}
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


class SignatureRefused(OperatorError, ValueError):
    """Content that is not signed, or not by who is trusted; the text says why. `signed` is False where it never was."""

    def __init__(self, why: str, *, signed: bool = True) -> None:
        super().__init__(why)
        self.signed = signed


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What a signature says: for what, of which stack and subject, when, and the number that only grows."""

    purpose: str
    stack: str
    """Of which environment; empty for what belongs to all."""
    subject: str
    """Whose: a tenant's slug; of a keyring the name that it was given when it was made."""
    made: str
    """When, in UTC, as in 2026-01-31T12:00:00Z."""
    serial: int
    """Rises with each of its kind: a smaller one than was seen before is an old one, shown again."""
    signer: str
    """The public key, as OpenSSH writes it."""
    plain_size: int = 0
    """Of encrypted content: how many bytes it has when it is open."""
    size: int = 0
    sha256: str = ""


def signed(key: Ed25519PrivateKey, statement: Statement, content: bytes) -> bytes:
    """The content, signed: size, checksum and signer are filled in."""
    given = asdict(statement) | {
        "signer": public_of(key),
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    line = json.dumps(given, sort_keys=True, ensure_ascii=True).encode()
    signature = base64.b64encode(key.sign(_message(statement.purpose, line)))
    return b"\n".join((FIRST_LINE, signature, line, content))


def opened(content: bytes, purpose: Purpose, trusted: Iterable[str]) -> tuple[Statement, memoryview]:
    """The statement and what it is about. `trusted`: public keys, as OpenSSH writes them. Raises SignatureRefused."""
    signature, line, start = _lines(content)
    if not any(_is_by(public, signature, _message(purpose, line)) for public in trusted):
        raise SignatureRefused("it is not signed by anybody who is trusted, or was changed since")
    statement = _statement(line)
    body = memoryview(content)[start:]
    if statement.purpose != purpose:
        raise SignatureRefused(f"it is signed as {statement.purpose!r}, not as {purpose}")
    if len(body) != statement.size or hashlib.sha256(body).hexdigest() != statement.sha256:
        raise SignatureRefused(f"what follows the signature is cut off or was changed ({len(body)} bytes)")
    return statement, body


def signer_of(content: bytes, purpose: Purpose) -> Statement:
    """Who says to have signed it, proved by nothing but that very key. Raises SignatureRefused."""
    signature, line, _ = _lines(content)
    statement = _statement(line)
    if not _is_by(statement.signer, signature, _message(purpose, line)):
        raise SignatureRefused("its signature is not right")
    return statement


def private_of(seed: str) -> Ed25519PrivateKey:
    """The key that 64 hexadecimal digits in the keyring are."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))


def public_of(key: Ed25519PrivateKey) -> str:
    """Its public half, as OpenSSH writes it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def fingerprint(public: str) -> str:
    """As `ssh-keygen -l` tells it."""
    digest = hashlib.sha256(base64.b64decode(public.split()[1])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def _message(purpose: str, line: bytes) -> bytes:
    return b"smarteros\0" + purpose.encode() + b"\0" + line


def _lines(content: bytes) -> tuple[bytes, bytes, int]:
    if content[: len(FIRST_LINE) + 1] != FIRST_LINE + b"\n":
        raise SignatureRefused("it is not signed", signed=False)
    begin, lines = len(FIRST_LINE) + 1, []
    for _ in range(2):
        end = content.find(b"\n", begin, begin + MOST_LINE_BYTES)
        if end < 0:
            raise SignatureRefused("it is cut off in its first lines, or they are damaged")
        lines.append(content[begin:end])
        begin = end + 1
    try:
        return base64.b64decode(lines[0], validate=True), lines[1], begin
    except binascii.Error:
        raise SignatureRefused("its signature is damaged") from None


def _is_by(public: str, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    try:
        key = load_ssh_public_key(public.encode())
        if not isinstance(key, Ed25519PublicKey):
            return False
        key.verify(signature, message)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _statement(line: bytes) -> Statement:
    try:
        given: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise SignatureRefused("its statement is no JSON") from None
    known = {field.name: _TYPES[str(field.type)] for field in fields(Statement)}
    if not isinstance(given, dict) or {name: type(value) for name, value in given.items()} != known:
        raise SignatureRefused("its statement is of another version of SmarterOS")
    if given["serial"] < 0 or given["size"] < 0 or given["plain_size"] < 0 or not _TIME.fullmatch(given["made"]):
        raise SignatureRefused("its statement tells an impossible number or time")
    return Statement(**given)
