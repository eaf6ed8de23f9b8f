"""The proof of a restore: what was restored, what was asked and what was answered, signed with a key of the keyring.

Its file is signed content as an archive is (age_keyring.signing): three lines, then JSON. Whoever has the public key
alone can check it, without this program's settings, keyring or network. Nothing secret is in it: rows are counted,
never shown.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from age_keyring.signing import SignatureRefused, Statement, opened, signed
from age_keyring.store import write_whole
from deploy.proofs import NOT_PROVED
from kept import Damaged, raw
from kept.operator_error import OperatorError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = [
    "SUFFIX",
    "TIME",
    "Answer",
    "Closed",
    "Outcome",
    "Proof",
    "ProofBroken",
    "ProvedPart",
    "read_proof",
    "write_proof",
]

SUFFIX = ".proof"
TIME = "%Y-%m-%dT%H:%M:%SZ"
_MOST_BYTES = 64 * 1024 * 1024

Outcome = Literal["right", "wrong", "nothing", "unproved"]
"""As it should be; not so; there was nothing to ask about; nobody here can tell."""


class ProofBroken(OperatorError):
    """A proof that can't be used; the text says which and why."""

    exit_code = 2


class _Told(BaseModel):
    """Known once the drill is over, and never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Answer(_Told):
    """One question and what was found."""

    name: str
    asks: str
    outcome: Outcome
    found: str = Field(description="What was found, in words: numbers, never values")
    by: Literal["data", "application"] = Field(
        default="data", description="Asked by SQL and keys, or the running application"
    )
    source: str = ""
    seconds: float = Field(default=0.0, ge=0)


class ProvedPart(_Told):
    """One part of a backup, restored and asked."""

    name: str
    kind: str
    service: str
    tenant: str = ""
    store: str = Field(default="", description="Which store it came back from")
    snapshot: str = ""
    taken_at: str
    size: int = Field(ge=0, description="In bytes")
    rpo_s: float = Field(ge=0, description="How much newest work would be lost, had it been lost as the drill began")
    rto_s: float = Field(ge=0, description="From the order to the last answer, in seconds")
    answers: tuple[Answer, ...]

    @property
    def wrong(self) -> tuple[Answer, ...]:
        """What was not as it should be."""
        return tuple(one for one in self.answers if one.outcome == "wrong")


class Closed(_Told):
    """How the place was closed in which all of it ran, and what tried to leave it."""

    by: Literal["namespace", "nothing"] = Field(description="A network namespace without an interface; or nothing")
    interfaces: tuple[str, ...] = Field(description="Those that were up inside")
    attempts: int = Field(ge=0, description="Connections and packets that had nowhere to go, by the kernel's count")


class Proof(_Told):
    """One drill."""

    format: Literal[1] = 1
    environment: str
    target: str
    backup: str = Field(description="The marker of the backup: a moment")
    scope: str = Field(description="all, tenant:SLUG or sample:N")
    begun: str
    ended: str
    parts: tuple[ProvedPart, ...]
    closed: Closed
    sentinel_age_s: float | None = Field(default=None, description="How old the newest sentinel row was, in seconds")
    unasked: tuple[str, ...] = Field(default=(), description="What only a running application could answer")
    left_out: tuple[str, ...] = Field(default=(), description="Parts of the backup that were not restored, and why")
    removed: bool = Field(description="Whether everything that the drill made is gone again")

    @property
    def problems(self) -> tuple[str, ...]:
        """Why it proves nothing, in words; empty when everything was as it should be."""
        return tuple(self._problems())

    @property
    def good(self) -> bool:
        """Whether everything that was asked was as it should be, in a place without a way out."""
        return not self.problems

    @property
    def rpo_s(self) -> float:
        """Of the worst part."""
        return max((part.rpo_s for part in self.parts), default=0.0)

    @property
    def rto_s(self) -> float:
        """All parts, one after the other."""
        return (_time(self.ended) - _time(self.begun)).total_seconds()

    def _problems(self) -> Iterator[str]:
        if not self.parts:
            yield "nothing was restored"
        for part in self.parts:
            yield from (f"{part.name}: {one.name}: {one.found}" for one in part.wrong)
        if self.closed.by == "nothing":
            yield "the place had a way out: it could not be closed on this machine"
        if self.closed.interfaces:
            yield f"the place had a way out: {', '.join(self.closed.interfaces)}"
        if not self.removed:
            yield "not everything that it made is gone"


def write_proof(file: Path, proof: Proof, key: Ed25519PrivateKey) -> None:
    """Writes it, signed. Its number is its time: a later proof has a higher one."""
    ended = _time(proof.ended)
    statement = Statement(
        purpose="proof",
        stack=proof.environment,
        subject=_subject(proof),
        made=proof.ended,
        serial=int(ended.timestamp()),
        signer="",
    )
    content = proof.model_dump_json(indent=1).encode()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(file, signed(key, statement, content))


def read_proof(file: Path, public: str) -> Proof:
    """The proof, when it was signed with that key and nothing was changed since. Raises ProofBroken."""
    mend = "another copy of the proof, or ./smos drill for a new one"
    try:
        content = raw(file, mend, _MOST_BYTES)
        statement, body = opened(content, "proof", [public])
        proof = Proof.model_validate_json(bytes(body))
        ended = _time(proof.ended)
    except FileNotFoundError:
        raise ProofBroken(f"{file}: there is no such file. Fix: the path of a proof (*{SUFFIX})") from None
    except Damaged as error:
        raise ProofBroken(str(error)) from None
    except SignatureRefused as refused:
        raise ProofBroken(f"{file}: {refused}. Fix: {mend}; or the public key of who made it: --key") from None
    except (ValidationError, json.JSONDecodeError, ValueError):
        raise ProofBroken(f"{file}: it is a proof of another version of SmarterOS. Fix: {mend}") from None
    if (statement.stack, statement.subject, statement.made) != (proof.environment, _subject(proof), proof.ended):
        raise ProofBroken(f"{file}: it is of another environment or time than was signed. Fix: {mend}")
    if statement.serial != int(ended.timestamp()):
        raise ProofBroken(f"{file}: its number is not that of its time. Fix: {mend}")
    return proof


def _subject(proof: Proof) -> str:
    return proof.scope if proof.good else proof.scope + NOT_PROVED


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, TIME).replace(tzinfo=datetime.UTC)
