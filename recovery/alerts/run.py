"""One run of the alerts: every probe asked, what is new told over every channel, and the heartbeat sent when all went
well.

Meant for a schedule. It ends with an error when a notice could not be delivered at all, and then the heartbeat stays
away, too: whoever waits for it raises the alarm.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kept.operator_error import OperatorError
from kept.say import Say
from recovery.alerts.ledger import Ledger
from recovery.alerts.mail import NotSent
from recovery.alerts.notice import Event, Notice
from recovery.alerts.webhook import Webhook
from recovery.status.probe import Finding

__all__ = ["Channel", "Delivered", "Undelivered", "deliver", "run", "with_missing_backup"]


class Channel(Protocol):
    """One way to a person."""

    @property
    def name(self) -> str:
        """In messages."""

    def send(self, notice: Notice) -> None:
        """Raises NotSent."""


class Undelivered(OperatorError):
    """Nobody was reached."""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What was told, over which channels, and which did not take it."""

    events: tuple[Event, ...]
    channels: tuple[str, ...]
    failed: tuple[str, ...]
    heartbeat: bool


def run(
    stack: str,
    target: str,
    found: Sequence[Finding],
    channels: Sequence[Channel],
    heartbeat: Webhook | None,
    ledger: Ledger,
    now: datetime.datetime,
    say: Say,
) -> Delivered:
    """Tells what is new. Raises Undelivered when there was something to tell and no channel took it."""
    events = ledger.events(with_missing_backup(found), now)
    took: list[str] = []
    failed: list[str] = []
    if events:
        took, failed = deliver(Notice(stack=stack, target=target, at=now, events=events), channels, say)
        ledger.told(events, now)
    called = False
    if heartbeat is not None:
        bad = [f"{one.probe}:{one.subject}" for one in found if one.level == "bad"]
        heartbeat.post(json.dumps({"stack": stack, "at": now.isoformat(), "bad": bad}).encode())
        called = True
    return Delivered(events=tuple(events), channels=tuple(took), failed=tuple(failed), heartbeat=called)


def deliver(notice: Notice, channels: Sequence[Channel], say: Say) -> tuple[list[str], list[str]]:
    """(who took it, who did not and why). Raises Undelivered when nobody did."""
    took: list[str] = []
    failed: list[str] = []
    for channel in channels:
        try:
            channel.send(notice)
            took.append(channel.name)
        except NotSent as error:
            failed.append(str(error))
            say(f"not delivered: {error}")
    if not took:
        why = "; ".join(failed) or "no channel is declared"
        raise Undelivered(
            f"{notice.subject}: nobody was told: {why}. Fix: smarteros:backups/alerts: email and mail, webhook"
        )
    return took, failed


def with_missing_backup(found: Sequence[Finding]) -> list[Finding]:
    """To whoever is told of alerts, no backup at all is as bad as a late one."""
    return [
        Finding(probe=one.probe, subject=one.subject, level="bad", says=one.says, mend=one.mend)
        if one.probe == "backups" and one.level == "warning"
        else one
        for one in found
    ]
