"""How long no restore was proved, as a run is told before it changes anything; and who went past that, and why.

Read here are the first lines of the signed files alone: what they say, and that whoever signed them said it. Whether it
was the keyring's key is checked where the keyring is open (`./smos backups`, `./smos drill verify`). Who may write into
that folder may edit anything else in the clone as well.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path

from age_keyring.signing import SignatureRefused, signer_of
from deploy.target import Target, keeps_in
from kept import Damaged, keep, raw, words

__all__ = ["NOT_PROVED", "age_of_newest", "pass_by", "proofs_folder"]

SUFFIX = ".proof"
NOT_PROVED = " (not proved)"
"""With this the subject of a statement ends, where something was wrong."""
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_MEND = "remove it: the days are counted anew"


def proofs_folder(target: Target) -> Path:
    """Where a target's proofs are."""
    return keeps_in(target) / "drill" / "proofs"


def age_of_newest(target: Target, stack: str, now: datetime.datetime | None = None) -> datetime.timedelta:
    """Since the newest proof of a restore of an environment; without one, since this was first asked: a new environment
    has as many days as an old one to prove its first.
    """
    moment = now or datetime.datetime.now(datetime.UTC)
    made = [one for file in proofs_folder(target).glob(f"{stack}-*{SUFFIX}") if (one := _made(file, stack))]
    begun = max(made) if made else _first_asked(target, stack, moment)
    return max(datetime.timedelta(), moment - begun)


def pass_by(target: Target, stack: str, reason: str) -> None:
    """Notes that a run went on without a proof, and why."""
    file = keeps_in(target) / "drill" / "without-proof.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    at = datetime.datetime.now(datetime.UTC).strftime(_TIME)
    line = json.dumps({"at": at, "stack": stack, "reason": reason}) + "\n"
    before = words(file, "move it away; it is a record") if file.exists() else ""
    keep(file, before + line)


def _made(file: Path, stack: str) -> datetime.datetime | None:
    try:
        statement = signer_of(raw(file, _MEND), "proof")
    except (SignatureRefused, Damaged, OSError):
        return None
    if statement.stack != stack or statement.subject.endswith(NOT_PROVED):
        return None
    return _moment(statement.made)


def _first_asked(target: Target, stack: str, now: datetime.datetime) -> datetime.datetime:
    file = keeps_in(target) / "drill" / f"{stack}.since"
    try:
        found = _moment(words(file, _MEND).strip())
    except (Damaged, OSError):
        found = None
    if found is None:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        keep(file, now.strftime(_TIME))
    return found or now


def _moment(text: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(text, _TIME).replace(tzinfo=datetime.UTC)
    except ValueError:
        return None
