"""How a service has its owner before anybody reaches it, and how one asks a running one whether it has.

Whoever opens the page of a service that has none is made its owner, with everything that is kept in it. So every
service with a name in the zone says here who its owner is and when he is made; tests/components/test_owners.py refuses
one that doesn't. This asks nobody: deploy/owners.py does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Answer", "Claim", "NoOwner", "Owner", "Question", "said"]

Claim = Literal["owned", "claimable", "unknown"]
"""Has an owner; could be claimed by whoever comes; or its answer says neither."""


@dataclass(frozen=True)
class Answer:
    """What a service answered when it was asked for its owner."""

    status: int
    location: str = ""
    """Where it sends on to, without scheme and host."""
    body: bytes = b""

    def json(self) -> Any:
        """The body, if it is JSON; else nothing."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, kw_only=True)
class Question:
    """One request that a stranger could make, and what its answer says."""

    path: str
    means: Callable[[Answer], Claim]
    body: Mapping[str, Any] | None = None
    """Sent as JSON by POST; GET without one. Only what its vendor makes everybody's is ever tried as a login."""
    source: str
    """Where the vendor's program answers it."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Made by the program, with a password of the keyring."""

    made: Literal["start", "preparation"]
    """By the service itself as it starts, before it answers; or by the command that ends well before it starts."""
    password: str
    """Which of the service's secrets it is."""
    handed_in: tuple[str, ...]
    """The variables and secret files by which the owner is told to whoever makes him."""
    hashed: bool = False
    """Whether the service is told bcrypt's hash of the password, and never the password."""
    question: Question
    closed: tuple[Question, ...] = field(default=())
    """What else nobody may be answered."""


@dataclass(frozen=True, kw_only=True)
class NoOwner:
    """Nobody can log in there, so nobody can own it."""

    because: str


def said(answer: Answer, *path: str) -> Any:
    """What a JSON answer says at a path of keys; None where it says nothing."""
    found = answer.json()
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def by_flag(*path: str, claimable_if: bool) -> Callable[[Answer], Claim]:
    """What an answer of JSON means in which one true or false says it."""

    def means(answer: Answer) -> Claim:
        flag = said(answer, *path) if answer.status == 200 else None
        if not isinstance(flag, bool):
            return "unknown"
        return "claimable" if flag is claimable_if else "owned"

    return means
