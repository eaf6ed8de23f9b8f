"""Whose signature under a keyring counts on this machine, and the signing key of whoever works here.

All of it lies beside the operator's own key, outside of every repository: who can push to one can change neither.
`<key>.signing` is the private signing key, `<key>.signers` (or what SMOS_SIGNERS names) the public keys that are
trusted, a line each, `<key>.seen` the newest number of each keyring that was opened here.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from age_keyring.identity import Identity
from age_keyring.problem import KeyringError
from age_keyring.recipients import Recipient, read_recipients
from age_keyring.signing import SignatureRefused, Statement, fingerprint, opened, public_of, signer_of
from kept import Damaged, keep, mapping, raw

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["checked", "distrust", "newest_seen", "own_key", "own_signer", "remember", "trust", "trusted"]

_KEY = "ssh-ed25519 "
_HEAD = "# Whose signature under a keyring counts here. Written by `./smos keys trust` and `distrust`.\n"
_FORGET = "remove it: what was seen is learnt anew, and an older keyring is not noticed once"


def trusted(identity: Identity) -> tuple[Recipient, ...]:
    """Those whose signature counts; none on a machine's first day. Raises KeyringError."""
    file = identity.signers
    found = read_recipients(file, "move it away, and ./smos keys trust KEY --name NAME for each of them")
    if found and file.stat().st_mode & 0o022:
        raise KeyringError(file, "others on this machine can write it", f"look at it, then: chmod go-w {file}")
    for one in found:
        if not one.public.startswith(_KEY):
            raise KeyringError(file, f"{one.name}: a signer has an ed25519 key", "ssh-ed25519 AAAA… # name")
    return found


def trust(identity: Identity, signer: Recipient) -> None:
    """From now on this one's signature counts."""
    if not signer.public.startswith(_KEY):
        raise KeyringError("signer", "not an ed25519 key", "the line that ./smos keys init printed for them")
    kept = [one for one in trusted(identity) if signer.public != one.public]
    if clash := next((one for one in kept if one.name == signer.name), None):
        mend = f"another --name, or ./smos keys distrust '{clash.name}' first"
        raise KeyringError(identity.signers, f"another signer is called {signer.name}", mend)
    _write(identity, [*kept, signer])


def distrust(identity: Identity, named: str) -> Recipient:
    """From now on this one's does not count any more."""
    found = trusted(identity)
    gone = next((one for one in found if named in (one.name, one.public, fingerprint(one.public))), None)
    if gone is None:
        names = ", ".join(one.name for one in found) or "nobody"
        raise KeyringError(identity.signers, f"no signer is called {named!r}", f"one of: {names}")
    _write(identity, [one for one in found if one is not gone])
    return gone


def own_key(identity: Identity, *, make: bool = False) -> Ed25519PrivateKey:
    """The signing key of whoever works here. Raises KeyringError."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    file, mend = identity.signing, "./smos keys init makes one"
    try:
        content = raw(file, mend, 64 * 1024)
        mode = file.stat().st_mode
    except FileNotFoundError:
        if make:
            return _make(file)
        raise KeyringError(file, "there is no key to sign the keyring with", mend) from None
    except Damaged as damaged:
        raise KeyringError(file, damaged.why, f"move it away; then {mend}") from None
    if mode & 0o077:
        raise KeyringError(file, "others on this machine can read this key", f"chmod 600 {file}")
    with contextlib.suppress(ValueError):
        key = serialization.load_ssh_private_key(content, password=None)
        if isinstance(key, Ed25519PrivateKey):
            return key
    raise KeyringError(file, "not an ed25519 key of OpenSSH without a passphrase", f"move it away; then {mend}")


def own_signer(identity: Identity, name: str) -> Recipient:
    """Its public half: the line that others trust. Made when it is missing."""
    return Recipient(public_of(own_key(identity, make=True)), name)


def checked(file: Path, content: bytes, identity: Identity) -> tuple[Statement, memoryview]:
    """The statement of a keyring and its body, when somebody trusted has signed it and it is none of before."""
    signers = trusted(identity)
    try:
        statement, body = opened(content, "keyring", [one.public for one in signers])
    except SignatureRefused as refused:
        raise _explained(file, content, identity, signers, refused) from None
    newest = newest_seen(identity, statement.subject)
    if statement.serial < newest:
        why = f"it is number {statement.serial}, and this machine has seen number {newest}: an older one, shown again"
        raise KeyringError(file, why, "git pull; or, when the older one is meant, ./smos keys sign")
    remember(identity, statement)
    return statement, body


def newest_seen(identity: Identity, name: str) -> int:
    """The newest number of the keyring of that name that was opened here; 0 for none."""
    return _seen(identity).get(name, 0)


def remember(identity: Identity, statement: Statement) -> None:
    """That this number of a keyring was seen. Where nothing can be written, as in CI, nothing is remembered."""
    seen = _seen(identity)
    if seen.get(statement.subject, -1) >= statement.serial:
        return
    try:
        keep(identity.seen, json.dumps(seen | {statement.subject: statement.serial}, indent=1))
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise


def _seen(identity: Identity) -> dict[str, int]:
    try:
        found = mapping(identity.seen, _FORGET)
    except FileNotFoundError:
        return {}
    except Damaged as damaged:
        raise KeyringError(identity.seen, damaged.why, _FORGET) from None
    if not all(type(value) is int for value in found.values()):
        raise KeyringError(identity.seen, "not what belongs there: numbers by keyring", _FORGET)
    return found


def _explained(
    file: Path, content: bytes, identity: Identity, signers: tuple[Recipient, ...], refused: SignatureRefused
) -> KeyringError:
    """What a signature that does not count means, and whom to ask."""
    if not refused.signed:
        why = "it is not signed: whoever could write it may have made it"
        mend = "find out who changed it last and whether what is in it is right; then sign it: ./smos keys sign"
        return KeyringError(file, why, mend)
    try:
        who = fingerprint(signer_of(content, "keyring").signer)
    except SignatureRefused as broken:
        return KeyringError(file, str(broken), f"git checkout {file.name}")
    names = ", ".join(one.name for one in signers)
    known = f"trusted here are {names} ({identity.signers})" if names else f"{identity.signers} trusts nobody yet"
    if any(fingerprint(one.public) == who for one in signers):
        return KeyringError(file, str(refused), f"git checkout {file.name}")
    mend = "ask whoever changed it last, not by way of the repository, for their fingerprint; when it is this one: "
    return KeyringError(file, f"it is signed with the key {who}; {known}", f"{mend}./smos keys trust {who} --name NAME")


def _make(file: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
        out.flush()
        os.fsync(out.fileno())
    return key


def _write(identity: Identity, signers: list[Recipient]) -> None:
    keep(identity.signers, _HEAD + "".join(f"{one.public} # {one.name}\n" for one in signers))
