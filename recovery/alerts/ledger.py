"""What was told already: the same thing is told once, again after some hours while it lasts, and once when it is over.

A notice counts as told when a channel took it. What could be asked no more (unknown) is neither over nor new.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from kept import Damaged, keep, mapping
from recovery.alerts.notice import Event
from recovery.status.probe import Finding

__all__ = ["AGAIN", "Ledger", "Open"]

AGAIN = datetime.timedelta(hours=4)
"""After so long, what still lasts is told again."""
_MEND = "remove it: what is bad is told once more"


@dataclass(frozen=True, kw_only=True)
class Open:
    """Something bad that was told and is not over."""

    since: str
    told: str
    says: str


@dataclass(frozen=True)
class Ledger:
    """Of one environment, in one file."""

    file: Path

    def events(self, found: Sequence[Finding], now: datetime.datetime) -> list[Event]:
        """What is to be told now. Notes nothing."""
        known = self._read()
        bad = {_key(one): one for one in found if one.level == "bad"}
        events = []
        for key, one in bad.items():
            if key not in known:
                events.append(Event.of(one, "began", _text(now)))
            elif now - datetime.datetime.fromisoformat(known[key].told) >= AGAIN:
                events.append(Event.of(one, "lasts", known[key].since))
        over = self._over(known, found)
        return [
            *events,
            *(Event(key=key, what="ended", says="all is well", mend="", since=known[key].since) for key in over),
        ]

    def told(self, events: Iterable[Event], now: datetime.datetime) -> None:
        """A channel took them."""
        known = dict(self._read())
        for one in events:
            if one.what == "ended":
                known.pop(one.key, None)
            elif one.key in known:
                known[one.key] = replace(known[one.key], told=_text(now), says=one.says)
            else:
                known[one.key] = Open(since=one.since, told=_text(now), says=one.says)
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        keep(self.file, json.dumps({key: asdict(one) for key, one in sorted(known.items())}, indent=1))

    def _over(self, known: dict[str, Open], found: Sequence[Finding]) -> list[str]:
        """What was bad, and is asked for and found well; of a probe that did not answer, nothing is over."""
        silent = {one.probe for one in found if one.level == "unknown"}
        asked = {one.probe for one in found}
        bad = {_key(one) for one in found if one.level == "bad"}
        return [
            key
            for key in known
            if key not in bad and key.partition(":")[0] in asked and key.partition(":")[0] not in silent
        ]

    def _read(self) -> dict[str, Open]:
        try:
            return {key: Open(**one) for key, one in mapping(self.file, _MEND).items()}
        except FileNotFoundError:
            return {}
        except TypeError:
            raise Damaged(self.file, "not what belongs there: no list of alerts", _MEND) from None


def _key(finding: Finding) -> str:
    return f"{finding.probe}:{finding.subject}"


def _text(now: datetime.datetime) -> str:
    return now.isoformat(timespec="seconds")
