"""Keys as golang.org/x/crypto/ssh reads them: which text is one, and whose it is.

Written from v0.48.0 of its ssh/keys.go and from Go's encoding/pem. Keys are told apart by their content in the form of
SSH's protocol (RFC 4253, 6.6), never by the word that stands before it.
"""

from __future__ import annotations

import base64
import binascii
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning

__all__ = ["BadKey", "algorithm", "authorized_key", "public_half"]

_BEGIN, _END, _DASHES = b"-----BEGIN ", b"\n-----END ", b"-----"
_OPENSSH = "OPENSSH PRIVATE KEY"
_PLAIN = frozenset(("RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY"))
_LOCKED = _PLAIN - {"PRIVATE KEY"}
_MAGIC = b"openssh-key-v1\0"
_CIPHERS = (b"aes256-ctr", b"aes256-cbc")
_LEAST_RSA_BITS = 1024
"""Go's crypto/rsa signs with nothing shorter."""


class BadKey(ValueError):
    """A text that Go's client takes for no key; says why in its words."""


@dataclass(frozen=True)
class _Block:
    label: str
    encrypted: bool
    content: bytes
    text: bytes
    """The same as PEM, with nothing around it."""


def authorized_key(text: str) -> bytes | None:
    """The content of the first key that ParseAuthorizedKey finds; None where it finds none.

    A line's first word is not read. What stands before it is options, with blanks between quotes: a line of known_hosts
    is taken too.
    """
    for line in (one.partition("\r")[0].strip() for one in text.split("\n")):
        if not line or line.startswith("#"):
            continue
        for rest in (line, line[_end_of_options(line) :].lstrip(" \t")):
            words = rest.replace("\t", " ").split(" ", 1)
            found = _content(words[1].strip().split(" ")[0]) if len(words) == 2 else None
            if found is not None:
                return found
    return None


def _end_of_options(line: str) -> int:
    quoted = False
    for at, letter in enumerate(line):
        if letter in " \t" and not quoted:
            return at
        if letter == '"' and (at == 0 or line[at - 1] != "\\"):
            quoted = not quoted
    return len(line)


def _content(word: str) -> bytes | None:
    try:
        content = _decoded(word.encode())
        kind = algorithm(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)  # ssh-dss: the host's matter, not ours
            serialization.load_ssh_public_key(f"{kind} {word}".encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return content


def _decoded(text: bytes) -> bytes:
    """As base64.StdEncoding of Go: whole groups of four, nothing before or after them."""
    if len(text) % 4:
        raise BadKey("illegal base64 data")
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error as error:
        raise BadKey("illegal base64 data") from error


def algorithm(content: bytes) -> str:
    """The name that stands at the beginning of a public key's content. Raises BadKey where none does."""
    name, _ = _text(content)
    return name.decode("ascii", errors="replace")


def public_half(key: str, passphrase: str | None) -> bytes:
    """The content of the public key of a private one. Raises BadKey.

    `passphrase`: None where none is given; an empty one is one.
    """
    block = _first_block(key.encode())
    if block is None:
        raise BadKey("ssh: no key found")
    if block.label == _OPENSSH:
        return _public(_openssh(block.content, passphrase))
    if passphrase is None and block.encrypted:
        raise BadKey("ssh: this private key is passphrase protected")
    if passphrase is not None and not block.encrypted:
        raise BadKey("ssh: not an encrypted key")
    if block.label not in (_PLAIN if passphrase is None else _LOCKED):
        raise BadKey(f'ssh: unsupported key type "{block.label}"')
    return _public(_loaded(block.text, passphrase, serialization.load_pem_private_key))


def _openssh(content: bytes, passphrase: str | None) -> object:
    if not content.startswith(_MAGIC):
        raise BadKey("ssh: invalid openssh private key format")
    cipher, rest = _text(content[len(_MAGIC) :])
    kdf, rest = _text(rest)
    _, rest = _text(rest)
    if int.from_bytes(rest[:4], "big") != 1:
        raise BadKey("ssh: multi-key files are not supported")
    protected = b"none" not in (cipher, kdf)
    if passphrase is None and (cipher, kdf) != (b"none", b"none"):
        raise BadKey("ssh: this private key is passphrase protected")
    if passphrase is not None and not protected:
        raise BadKey("ssh: key is not password protected")
    if protected and (kdf != b"bcrypt" or cipher not in _CIPHERS):
        raise BadKey("ssh: unknown cipher or KDF, only supports aes256-ctr and aes256-cbc with bcrypt")
    text = b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.encodebytes(content)
    return _loaded(text + b"-----END OPENSSH PRIVATE KEY-----\n", passphrase, serialization.load_ssh_private_key)


def _loaded(text: bytes, passphrase: str | None, load: Callable[[bytes, bytes | None], object]) -> object:
    if passphrase == "":
        raise BadKey("bcrypt_pbkdf: empty password")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return load(text, passphrase.encode() if passphrase is not None else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        wrong = "x509: decryption password incorrect" if passphrase is not None else "ssh: malformed key"
        raise BadKey(wrong) from error


def _public(key: object) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < _LEAST_RSA_BITS:
        raise BadKey(f"crypto/rsa: {key.key_size}-bit keys are insecure")
    try:
        line: bytes = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)  # type: ignore[attr-defined]  # of every kind that signs
    except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm) as error:
        raise BadKey(f"ssh: unsupported key type {type(key).__name__}") from error
    return base64.b64decode(line.split()[1])


def _text(content: bytes) -> tuple[bytes, bytes]:
    """A text of SSH's protocol (its length in four bytes, then itself), and what comes after it."""
    length = int.from_bytes(content[:4], "big")
    if len(content) < 4 or len(content) < 4 + length:
        raise BadKey("ssh: short read")
    return content[4 : 4 + length], content[4 + length :]


def _first_block(rest: bytes) -> _Block | None:
    """As encoding/pem's Decode: a block begins at the beginning of a line, and what is before it is left out."""
    while True:
        if not rest.startswith(_BEGIN):
            _, found, rest = rest.partition(b"\n" + _BEGIN)
            if not found:
                return None
            rest = _BEGIN + rest
        line, after = _line(rest)
        block = _block(line, after)
        if block is not None:
            return block
        rest = after


def _block(line: bytes, rest: bytes) -> _Block | None:
    if not line.endswith(_DASHES):
        return None
    label = line[len(_BEGIN) : -len(_DASHES)]
    headers: dict[bytes, bytes] = {}
    while b":" in _line(rest)[0]:
        header, rest = _line(rest)
        name, _, value = header.partition(b":")
        headers[name.strip()] = value.strip()
    at_once = not headers and rest.startswith(_END[1:])
    body, found, tail = (b"", _END, rest[len(_END) - 1 :]) if at_once else rest.partition(_END)
    if not found or not rest or _line(tail)[0] != label + _DASHES:
        return None
    try:
        content = _decoded(body.translate(None, b" \t\r\n"))
    except BadKey:
        return None
    told = b"".join(name + b": " + value + b"\n" for name, value in headers.items())
    whole = line + b"\n" + told + (b"\n" if told else b"") + base64.encodebytes(content) + _END[1:] + label + _DASHES
    encrypted = b"ENCRYPTED" in headers.get(b"Proc-Type", b"")
    return _Block(label.decode(errors="replace"), encrypted, content, whole + b"\n")


def _line(rest: bytes) -> tuple[bytes, bytes]:
    line, _, after = rest.partition(b"\n")
    return line.removesuffix(b"\r").rstrip(b" \t"), after
