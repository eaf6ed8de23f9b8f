"""What a probe is: a question to an environment, its answers, and how long it may take."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from deploy.owners import Visit
from deploy.target import RunTarget
from kept.say import Say
from settings import Settings, WebAddress

__all__ = ["Certificate", "Finding", "Level", "Look", "Probe"]

Level = Literal["good", "warning", "bad", "unknown"]
"""bad: a person is told, and the exit code is 1. unknown: it could not be asked."""
Certificate = Callable[[WebAddress], datetime.datetime]
"""Until when the certificate is good that a name shows. Raises OSError."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One answer."""

    probe: str
    subject: str
    """Of what: a service, a host, a certificate; the same each time, for it is what an alert is known by."""
    level: Level
    says: str
    mend: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    """For `--json`: numbers with their unit in their names."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What probes work with. None of them changes anything."""

    place: RunTarget
    settings: Settings
    visit: Visit
    certificate: Certificate
    now: datetime.datetime
    say: Say = lambda _: None

    @property
    def stack(self) -> str:
        """The environment, as in prod."""
        return self.settings.stack


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A module beside this one has its own as `PROBE`."""

    name: str
    title: str
    ask: Callable[[Look], Iterable[Finding]]
    """Raises OperatorError or OSError where it can't be asked: that is an answer, too."""
    limit_s: float = 20.0
