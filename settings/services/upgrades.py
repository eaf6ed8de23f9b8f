"""What a service says of its own upgrades: how its tags are read, what its vendor refuses, what can't be undone, and
what is asked of it afterwards.

Each service's table stands in that service's own file. This judges nothing and asks nobody: recovery/upgrade/ does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from settings.services.owner import Answer

__all__ = ["Hurdle", "Majors", "SmokeTest", "UpgradeRules", "Version", "answers_well", "version_of"]

Version = tuple[int, ...]
"""A tag's numbers, from the one that counts most on."""


@dataclass(frozen=True, kw_only=True)
class Hurdle:
    """A version that nobody crosses unawares: its vendor changed what an operator has to see to, or agree to,
    himself.
    """

    name: str
    """What `./smos upgrade --accept` takes."""
    version: Version
    """It is crossed by going from below it to it, or beyond."""
    why: str
    way: str
    """What to see to before."""
    source: str


@dataclass(frozen=True, kw_only=True)
class Majors:
    """How far the first number may go in one upgrade."""

    at_most: int
    """0: another image alone never makes a new major."""
    below: Version = ()
    """Only of versions before it; nothing: of all."""
    why: str
    way: str
    source: str


@dataclass(frozen=True, kw_only=True)
class SmokeTest:
    """One request of a stranger, by the service's public name, that only a service that works answers well."""

    path: str
    problem: Callable[[Answer], str]
    """What is wrong with an answer; nothing when all is well."""
    version: Callable[[Answer], str | None] = lambda _: None
    """Which version says that it answers, where its vendor tells strangers; it is the one that was asked for."""
    body: Mapping[str, Any] | None = None
    """Sent as JSON by POST; GET without one."""
    source: str


@dataclass(frozen=True, kw_only=True)
class UpgradeRules:
    """What is known of the upgrades of one image."""

    tags: str
    """A regular expression whose groups v1, v2… are the numbers. What it does not match is another edition, or no
    version at all.
    """
    example: str
    majors: Majors | None = None
    """None: its vendor lets one go as far as one likes."""
    hurdles: tuple[Hurdle, ...] = ()
    keeps_data: bool = True
    """Whether there is anything of which a backup is taken before."""
    restored_running: bool = False
    """Whether its data is inside itself, so that it is captured from, and put back into, a running one."""
    afterwards: str = ""
    """What an operator does after each upgrade, as a command; nothing of most."""
    one_way: str = ""
    """What an upgrade does to the data that older code can't read; nothing where there is no such thing."""
    one_way_source: str = ""
    smoke: tuple[SmokeTest, ...] = ()


def version_of(rules: UpgradeRules, tag: str) -> Version | None:
    """The numbers of a tag; None for one that is none of this service's versions."""
    found = re.fullmatch(rules.tags, tag)
    if found is None:
        return None
    groups = found.groupdict()
    return tuple(int(groups[name] or 0) for name in sorted(groups))


def answers_well(answer: Answer) -> str:
    """What is wrong with an answer that only has to be 200."""
    return "" if answer.status == 200 else f"status {answer.status}"
