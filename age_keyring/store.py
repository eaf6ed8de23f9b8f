"""One keyring: entries by path, encrypted to all recipients, written whole or not at all.

The list of recipients is sealed inside too: a line that somebody slipped into `keyring.recipients` is noticed before
anything is encrypted to it. It does not keep a history: git does, and the file before the last save is beside it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

import pyrage

from age_keyring.header import check_header
from age_keyring.identity import Identity
from age_keyring.problem import KeyringError
from age_keyring.recipients import Recipient, read_recipients, recipients_file, written
from age_keyring.signers import checked, newest_seen, own_key, own_signer, remember, trust
from age_keyring.signing import SignatureRefused, Statement, opened, signed, signer_of
from kept import Damaged, raw, same

__all__ = ["Keyring"]

VERSION = 1
_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,62}){1,7}")
_MAX_VALUE = 64 * 1024
_BACK = "git checkout {name} brings back the committed one; {name}.bak is the one before the last change"


class Keyring:
    """The decrypted entries of one file. Nothing reaches the disk before `save`."""

    def __init__(
        self,
        file: Path,
        identity: Identity,
        recipients: Iterable[Recipient],
        entries: dict[str, str],
        read: bytes,
        statement: Statement | None = None,
    ) -> None:
        """Not called directly: `open` reads one that is there, `create` makes a new one."""
        self.file = file
        self._identity = identity
        self.statement = statement
        """Who signed it, when, and its number; None for one that is new."""
        self._recipients = tuple(recipients)
        self._entries = entries
        self._read = read
        self._saved = (dict(entries), self._recipients) if read else None
        self._settled: set[str] = set()
        self._alone = False

    def __repr__(self) -> str:
        return f"Keyring({str(self.file)!r}, {len(self._entries)} entries)"

    @classmethod
    def open(cls, file: Path, identity: Identity) -> Keyring:
        """The keyring in a file, opened with one of its recipients' private keys and signed by somebody whom this
        machine trusts; or KeyringError.
        """
        content, text = _decrypted(file, identity)
        statement, body = checked(file, text, identity)
        recipients, entries = _content(file, bytes(body))
        return cls(file, identity, recipients, entries, content, statement)

    @classmethod
    def unproved(cls, file: Path, identity: Identity) -> Keyring:
        """As `open`, whoever made it and however old it is: for whoever looks at it and signs it anew. Its next save
        signs it, whether anything has changed or not.
        """
        content, text = _decrypted(file, identity)
        try:
            statement = signer_of(text, "keyring")
            text = bytes(opened(text, "keyring", [statement.signer])[1])
        except SignatureRefused as refused:
            if refused.signed:
                raise KeyringError(file, str(refused), _BACK.format(name=file.name)) from None
            statement = None
        found = cls(file, identity, *_content(file, text), content, statement)
        found._saved = None
        return found

    @classmethod
    def create(cls, file: Path, recipients: Sequence[Recipient], identity: Identity) -> Keyring:
        """A new, empty keyring, of which nothing is written yet; who makes it trusts its own signature. Refuses to
        start over an existing one.
        """
        if file.exists():
            raise KeyringError(file, "there is a keyring already", "./smos keys init completes it")
        if not recipients:
            raise KeyringError(file, "a keyring without recipients could never be opened", "name at least one")
        trust(identity, own_signer(identity, recipients[0].name))
        return cls(file, identity, recipients, {}, b"")

    @classmethod
    @contextlib.contextmanager
    def changing(cls, file: Path, identity: Identity) -> Iterator[Keyring]:
        """Opens it for changes that nobody else makes at the same time, and saves it at the end of the block."""
        with locked(file):
            keyring = cls.open(file, identity)
            keyring._alone = True
            yield keyring
            keyring._write()
            keyring._alone = False

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """Everybody whose key opens the keyring."""
        return self._recipients

    def paths(self) -> list[str]:
        """The paths of all entries, sorted."""
        return sorted(self._entries)

    def find(self, path: str) -> str | None:
        """An entry's value, or None."""
        return self._entries.get(path)

    def get(self, path: str) -> str:
        """An entry's value, or KeyringError."""
        if path in self._entries:
            return self._entries[path]
        close = get_close_matches(path, self._entries, n=1, cutoff=0.8)
        near = f" (there is {close[0]})" if close else ""
        raise KeyringError(self.file, f"no entry {path}{near}", f"./smos keys init, or ./smos keys set {path}")

    def put(self, path: str, value: str, *, replace: bool = False) -> None:
        """Sets an entry. One that is there with another value is kept, unless `replace`."""
        if not _PATH.fullmatch(path):
            mend = "two to eight parts of letters, digits, . _ - with / between them, as in prod/redisPassword"
            raise KeyringError(self.file, f"{path!r} is not a path of an entry", mend)
        if not value or len(value.encode()) > _MAX_VALUE:
            raise KeyringError(self.file, f"the value for {path} is empty, or above 64 KB", "the value itself")
        if not replace and self._entries.get(path, value) != value:
            why = f"{path} is there already, with another value"
            raise KeyringError(self.file, why, "keep it; or, when whatever uses it is changed too, --replace")
        self._entries[path] = value

    def remove(self, path: str) -> None:
        """Forgets an entry; what is not there is no error."""
        self._entries.pop(path, None)

    def add_recipient(self, recipient: Recipient) -> None:
        """From the next save on, this one opens it too. One that is there keeps its place, under the new name."""
        for one in self._recipients:
            if one.name == recipient.name and one.public != recipient.public:
                raise KeyringError(self.file, f"another recipient is called {one.name}", "another --name")
        kept = [recipient if one.public == recipient.public else one for one in self._recipients]
        self._recipients = tuple(kept if recipient in kept else [*kept, recipient])
        self._settled.add(recipient.public)

    def remove_recipient(self, named: str) -> Recipient:
        """From the next save on, this one (by name or public key) does not open it any more. Never the last one."""
        named = named.strip()
        gone = [one for one in self._recipients if named in (one.name, one.public)]
        if not gone:
            names = ", ".join(one.name for one in self._recipients)
            raise KeyringError(self.file, f"no recipient is called {named!r}", f"one of: {names}")
        if len(self._recipients) == 1:
            why = f"{gone[0].name} is the last recipient: nobody could open the keyring any more"
            raise KeyringError(self.file, why, "add another one first: ./smos keys add-recipient KEY --name NAME")
        self._recipients = tuple(one for one in self._recipients if one not in gone)
        self._settled.add(gone[0].public)
        return gone[0]

    def save(self) -> None:
        """Writes it for all recipients. Refuses when somebody else changed it since it was opened."""
        with contextlib.nullcontext() if self._alone else locked(self.file):
            self._write()

    def sign(self, name: str) -> None:
        """Saves it with the signature of whoever works here, which counts on this machine from now on."""
        trust(self._identity, own_signer(self._identity, name))
        self.save()

    def check_recipients(self) -> None:
        """Raises KeyringError when the file beside it names others than those for whom it is encrypted."""
        beside = recipients_file(self.file)
        listed = {one.public: one for one in read_recipients(beside)}
        sealed = {one.public: one for one in (self._saved[1] if self._saved else ())}
        for public, one in listed.items():
            if sealed and public not in sealed and public not in self._settled:
                why = f"it names {one.name}, for whom the keyring is not encrypted"
                mend = f"./smos keys add-recipient '{public}' --name '{one.name}', if that is wanted and this key is "
                raise KeyringError(beside, why, f"{mend}really theirs; else git checkout {beside.name}")
        for public, one in sealed.items():
            if public not in listed and public not in self._settled:
                why = f"{one.name} is missing, though able to open the keyring"
                mend = f"./smos keys add-recipient '{public}' --name '{one.name}' writes the line again; or "
                raise KeyringError(beside, why, f"{mend}./smos keys remove-recipient '{one.name}'")

    def check_sealed(self) -> None:
        """Raises KeyringError unless the file is encrypted to its recipients' keys, and to no other."""
        check_header(self.file, self._recipients)

    def _next(self) -> Statement:
        """As what it is signed. What stands for whose it is, is a name that it has had since it was made: two keyrings
        on one machine are numbered apart.
        """
        before = self.statement
        name = before.subject if before else secrets.token_hex(8)
        newest = max(before.serial if before else 0, newest_seen(self._identity, name))
        made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return Statement(purpose="keyring", stack="", subject=name, made=made, serial=newest + 1, signer="")

    def _write(self) -> None:
        now = raw(self.file, _BACK.format(name=self.file.name)) if self.file.exists() else b""
        if now != self._read:
            raise KeyringError(self.file, "somebody else changed it in the meantime", "run the same command again")
        self.check_recipients()
        if self._settled or self._saved != (self._entries, self._recipients):
            keys = [one.key(self.file) for one in self._recipients]
            sealed = {
                "version": VERSION,
                "recipients": [{"public": one.public, "name": one.name} for one in self._recipients],
                "entries": dict(sorted(self._entries.items())),
            }
            statement = self._next()
            text = signed(own_key(self._identity), statement, json.dumps(sealed, indent=1).encode())
            encrypted = pyrage.encrypt(text, keys, armored=True)
            if now:
                write_whole(self.file.with_name(f"{self.file.name}.bak"), now)
            write_whole(self.file, encrypted)
            self._read, self._saved = encrypted, (dict(self._entries), self._recipients)
            self.statement = statement
            remember(self._identity, statement)
        # Last, since what is sealed counts: a crash before this line is reported, and mended by the same command.
        beside, text = recipients_file(self.file), written(self._recipients).encode()
        if not same(beside, text):
            write_whole(beside, text)
        self._settled.clear()


def _decrypted(file: Path, identity: Identity) -> tuple[bytes, bytes]:
    """What is in the file, and what that is when it is open."""
    try:
        content = raw(file, "")
    except FileNotFoundError:
        raise KeyringError(file, "there is no keyring", "./smos keys init makes one") from None
    except Damaged as damaged:
        raise KeyringError(file, damaged.why, _BACK.format(name=file.name)) from None
    try:
        return content, pyrage.decrypt(content, list(identity.keys))
    except pyrage.DecryptError as error:
        if "No matching keys" in str(error):
            why = f"the key in {identity.file} does not open it: it is none of its recipients'"
            mend = f"someone who can open it runs ./smos keys add-recipient '{identity.public[0]}' --name NAME"
            raise KeyringError(file, why, mend) from None
        raise KeyringError(file, "damaged, or not an age file", _BACK.format(name=file.name)) from None


def _content(file: Path, text: bytes) -> tuple[list[Recipient], dict[str, str]]:
    why = "it opens, but its content is not a keyring's"
    mend = _BACK.format(name=file.name)
    try:
        content = json.loads(text)
        version = content["version"]
        recipients = [Recipient(one["public"], one["name"]) for one in content["recipients"]]
        entries = {str(path): value for path, value in content["entries"].items() if isinstance(value, str)}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise KeyringError(file, why, mend) from None
    if version != VERSION:
        raise KeyringError(file, f"its version is {version!r}, and this SmarterOS knows {VERSION}", "git pull")
    return recipients, entries


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """One writer at a time; the lock ends with its process. It is on the folder, so that it leaves no file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_whole(file: Path, content: bytes) -> None:
    """Writes a file whole or not at all; it survives a power cut."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
