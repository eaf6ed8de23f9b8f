"""What is told, when, and how often: once, again while it lasts, once when it is over; and never lost."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from recovery.alerts.ledger import AGAIN, Ledger
from recovery.alerts.mail import NotSent
from recovery.alerts.notice import Notice
from recovery.alerts.run import Delivered, Undelivered, run
from recovery.status.probe import Finding, Level

NOW = datetime.datetime(2026, 11, 30, 12, 0, tzinfo=datetime.UTC)


@dataclass
class Channel:
    """One that takes what it is told, or not."""

    name: str = "a channel"
    works: bool = True
    took: list[Notice] = field(default_factory=list)

    def send(self, notice: Notice) -> None:
        """As it was made."""
        if not self.works:
            raise NotSent("nobody there")
        self.took.append(notice)


def found(level: Level, probe: str = "vault", subject: str = "vault") -> Finding:
    """One answer of a probe."""
    return Finding(probe=probe, subject=subject, level=level, says=f"it is {level}", mend="mend it")


def told(ledger: Ledger, channel: Channel, findings: list[Finding], at: datetime.datetime) -> Delivered:
    """One run."""
    return run("prod", "sandbox", findings, [channel], None, ledger, at, lambda _: None)


def test_the_same_is_told_once_again_after_hours_and_when_it_is_over(tmp_path: Path) -> None:
    """Not at each run of a schedule."""
    ledger, channel = Ledger(tmp_path / "open.json"), Channel()
    minute = datetime.timedelta(minutes=1)
    whats = []
    for level, at in (("bad", NOW), ("bad", NOW + minute), ("bad", NOW + AGAIN), ("good", NOW + AGAIN + minute)):
        whats.append([one.what for one in told(ledger, channel, [found(level)], at).events])  # type: ignore[arg-type]  # the words of Level
    assert whats == [["began"], [], ["lasts"], ["ended"]]
    assert len(channel.took) == 3
    assert told(ledger, channel, [found("good")], NOW + 2 * AGAIN).events == ()


def test_what_nobody_took_is_told_by_the_next_run(tmp_path: Path) -> None:
    """And the run that reached nobody fails."""
    ledger, channel = Ledger(tmp_path / "open.json"), Channel(works=False)
    with pytest.raises(Undelivered, match="nobody was told"):
        told(ledger, channel, [found("bad")], NOW)
    channel.works = True
    assert [one.what for one in told(ledger, channel, [found("bad")], NOW).events] == ["began"]


def test_a_question_without_an_answer_ends_nothing(tmp_path: Path) -> None:
    """A Vault that can't be asked is not open again."""
    ledger, channel = Ledger(tmp_path / "open.json"), Channel()
    told(ledger, channel, [found("bad")], NOW)
    assert told(ledger, channel, [found("unknown")], NOW).events == ()
    assert told(ledger, channel, [], NOW).events == ()
    assert [one.what for one in told(ledger, channel, [found("good")], NOW).events] == ["ended"]


@pytest.mark.parametrize(
    ("probe", "level"),
    [("backups", "bad"), ("backups", "warning"), ("room", "bad"), ("vault", "bad"), ("credentials", "bad")],
)
def test_what_a_person_must_hear_of_is_told(tmp_path: Path, probe: str, level: Level) -> None:
    """A failed or missing backup, a full disk, a sealed Vault, a token that ends."""
    channel = Channel()
    assert len(told(Ledger(tmp_path / "open.json"), channel, [found(level, probe)], NOW).events) == 1
    assert channel.took[0].events[0].key == f"{probe}:vault"
    assert "mend it" in channel.took[0].text


def test_one_channel_that_works_is_enough_and_the_other_is_named(tmp_path: Path) -> None:
    """The notice is not sent twice because of it."""
    good, bad = Channel(), Channel(works=False)
    ledger = Ledger(tmp_path / "open.json")
    done = run("prod", "sandbox", [found("bad")], [bad, good], None, ledger, NOW, lambda _: None)
    assert (done.channels, done.failed) == (("a channel",), ("nobody there",))
    assert told(ledger, good, [found("bad")], NOW).events == ()
