"""What was erased stays erased: which tenants were deleted, and when, outside of every backup.

They lie beside the states (in the folder of a backend of files; else in what this clone keeps), so that no restore
brings back an older list, and are signed with the keyring's key for archives. That of a delete which has ended is never
lifted: of a tenant that came anew under the same slug, what was backed up after it is restored as any other's, and
nothing from before.

A suspended tenant needs none: a restore gives back databases and never touches roles, and it is its role, and its file,
that keep its doors shut.
"""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from age_keyring import Keyring, KeyringError
from age_keyring.signing import SignatureRefused, Statement, opened, private_of, public_of, signed
from age_keyring.store import write_whole
from deploy.target import RunTarget, keeps_in
from kept import raw
from kept.operator_error import OperatorError
from recovery.manifest import Part
from settings import SHAPES, open_keyring
from settings.secrets import SIGNING_SECRETS, entry_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["Erased", "Tombstones", "TombstonesBroken", "erasing", "tombstones_of"]

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_MOST_BYTES = 16 * 1024 * 1024
_FOLDER = "tombstones"
_BEGUN, _ENDED = "deleting", "deleted"
_FILE_BACKEND = "file://"


class Erased(OperatorError):
    """What was asked for is of a tenant that was deleted since. Nothing was touched."""

    exit_code = 2


class TombstonesBroken(OperatorError):
    """The list can't be trusted; without it nothing of a tenant is restored."""


@dataclass(frozen=True, kw_only=True)
class Tombstones:
    """Of one environment."""

    file: Path
    stack: str
    key: Ed25519PrivateKey = field(repr=False)

    def laid(self) -> dict[str, datetime.datetime]:
        """Slug → when it was deleted, or a delete was begun, the last time. Raises TombstonesBroken for a list that was
        changed.
        """
        return {slug: max(times.values()) for slug, times in self._read()[0].items()}

    def lay(self, slug: str, now: datetime.datetime | None = None, *, ended: bool = True) -> None:
        """From here on nothing of it from before comes back. Laid before the first thing goes (`ended` is False), so
        that a delete that was cut off is not undone by a restore; and once more when it has ended.
        """
        moment = (now or datetime.datetime.now(datetime.UTC)).replace(microsecond=0)
        found, serial = self._read()
        before = {state: at for state, at in found.get(slug, {}).items() if not (ended and state == _BEGUN)}
        self._write({**found, slug: {**before, _ENDED if ended else _BEGUN: moment}}, serial + 1, moment)

    def lift(self, slug: str) -> None:
        """A delete that was begun and has not ended is given up. One that has ended is never lifted."""
        found, serial = self._read()
        if _BEGUN not in found.get(slug, {}):
            return
        left = {state: at for state, at in found[slug].items() if state != _BEGUN}
        others = {one: times for one, times in found.items() if one != slug}
        self._write({**others, **({slug: left} if left else {})}, serial + 1, datetime.datetime.now(datetime.UTC))

    def _write(self, found: Mapping[str, Mapping[str, datetime.datetime]], serial: int, at: datetime.datetime) -> None:
        content = {slug: {state: one.strftime(_TIME) for state, one in times.items()} for slug, times in found.items()}
        statement = Statement(
            purpose="tombstones",
            stack=self.stack,
            subject=self.stack,
            made=at.strftime(_TIME),
            serial=serial,
            signer="",
        )
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(self.file, signed(self.key, statement, json.dumps(content, indent=1).encode()))

    def erased(self, parts: Iterable[Part]) -> dict[str, datetime.datetime]:
        """Of these parts, those that must not come back: the part's name → when its tenant was deleted."""
        laid = self.laid()
        return {one.name: laid[one.tenant] for one in parts if one.tenant in laid and one.taken_at <= laid[one.tenant]}

    def refuse(self, parts: Sequence[Part]) -> None:
        """Raises Erased where any of them is of a tenant that was deleted after it was backed up."""
        for name, at in self.erased(parts).items():
            raise Erased(
                f"{name} is of a tenant that was deleted at {at:%Y-%m-%d %H:%M} UTC, after this backup: what was "
                "erased stays erased. Fix: its archive, where one is kept (./smos tenant archive list), by import"
            )

    def without_erased(self, parts: Sequence[Part]) -> tuple[Part, ...]:
        """Those that may come back: what opens a whole environment again."""
        gone = self.erased(parts)
        return tuple(one for one in parts if one.name not in gone)

    def _read(self) -> tuple[dict[str, dict[str, datetime.datetime]], int]:
        mend = f"another copy of {self.file}, from where the states are kept"
        try:
            statement, body = opened(raw(self.file, mend, _MOST_BYTES), "tombstones", [public_of(self.key)])
            if statement.stack != self.stack:
                raise SignatureRefused(f"it is of {statement.stack}")
            content = json.loads(bytes(body))
            found = {slug: {state: _moment(at) for state, at in times.items()} for slug, times in content.items()}
            return found, statement.serial
        except FileNotFoundError:
            return {}, 0
        except (SignatureRefused, ValueError, AttributeError, TypeError) as error:
            raise TombstonesBroken(f"{self.file}: {error}. Fix: {mend}") from None


def tombstones_of(place: RunTarget, stack: str, keyring: Keyring | None = None) -> Tombstones:
    """Of an environment. Raises KeyringError."""
    held = keyring or open_keyring(place.environ)
    secret = next(one for one in SIGNING_SECRETS if one.name == "archive_signing_key")
    entries = [entry_of(secret, stack, alone=alone) for alone in (False, True)]
    seed = next((found for one in entries if (found := held.find(one)) and SHAPES[secret.kind].fits(found)), None)
    if seed is None:
        raise KeyringError(held.file, f"{entries[0]}: {SHAPES[secret.kind].why}", "./smos keys init")
    backend = place.environ.get("PULUMI_BACKEND_URL", "")
    beside = backend.removeprefix(_FILE_BACKEND) if backend.startswith(_FILE_BACKEND) else ""
    folder = Path(beside).expanduser() if beside else keeps_in(place.target)
    return Tombstones(file=folder / _FOLDER / f"{stack}.tombstones", stack=stack, key=private_of(seed))


@contextlib.contextmanager
def erasing(place: RunTarget, stack: str, slug: str) -> Iterator[None]:
    """Around a delete: laid before the first thing goes, so that one that is cut off is not undone by a restore."""
    tombstones = tombstones_of(place, stack)
    tombstones.lay(slug, ended=False)
    yield
    tombstones.lay(slug)


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, _TIME).replace(tzinfo=datetime.UTC)
