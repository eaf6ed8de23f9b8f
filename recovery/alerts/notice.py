"""One notice: what is told to people, as a letter and as a JSON object. No secret is in it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from recovery.status.probe import Finding

__all__ = ["Event", "Notice", "What"]

What = Literal["began", "lasts", "ended", "test"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something bad that began, lasts, or is over."""

    key: str
    """By which it is known from one run to the next: `probe:subject`."""
    what: What
    says: str
    mend: str
    since: str
    """When it was first seen, in UTC."""

    @classmethod
    def of(cls, finding: Finding, what: What, since: str) -> Event:
        """From what a probe found."""
        return cls(
            key=f"{finding.probe}:{finding.subject}", what=what, says=finding.says, mend=finding.mend, since=since
        )


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Everything that one run has to tell."""

    stack: str
    target: str
    at: datetime.datetime
    events: Sequence[Event]

    @property
    def subject(self) -> str:
        """Of the letter."""
        began = [one for one in self.events if one.what in ("began", "lasts", "test")]
        names = ", ".join(one.key for one in began[:3]) + (" and more" if began[3:] else "")
        return f"[{self.stack}] {names}" if began else f"[{self.stack}] over: {self.events[0].key}"

    @property
    def text(self) -> str:
        """Of the letter."""
        lines = [f"{self.stack} ({self.target}), {self.at:%Y-%m-%d %H:%M:%S} UTC", ""]
        for one in self.events:
            word = {"began": "BAD", "lasts": f"STILL BAD since {one.since}", "ended": "over", "test": "TEST"}[one.what]
            lines += [f"{word}: {one.key}", f"  {one.says}", *([f"  Fix: {one.mend}"] if one.mend else []), ""]
        lines.append(f"./smos status {self.stack} shows everything.")
        return "\n".join(lines) + "\n"

    @property
    def body(self) -> bytes:
        """Of the request to a webhook."""
        events = [
            {"key": one.key, "event": one.what, "says": one.says, "fix": one.mend, "since": one.since}
            for one in self.events
        ]
        told = {"stack": self.stack, "target": self.target, "at": self.at.isoformat(), "events": events}
        return json.dumps(told, ensure_ascii=False).encode()
