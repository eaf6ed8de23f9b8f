"""Of the simulated clouds nobody is written to: a folder takes what would be sent, for its owner alone."""

from __future__ import annotations

import datetime
from pathlib import Path

from recovery.alerts.notice import Event, Notice
from recovery.alerts.outbox import Outbox


def test_a_notice_lies_there_as_the_letter_would_be(tmp_path: Path) -> None:
    """Two of the same second, too."""
    event = Event(key="vault:vault", what="began", says="sealed", mend="./smos vault unseal prod", since="")
    box, now = Outbox(tmp_path / "alerts"), datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)
    for at in (now, now + datetime.timedelta(microseconds=1)):
        box.send(Notice(stack="prod", target="sandbox", at=at, events=[event]))
    files = sorted((tmp_path / "alerts").iterdir())
    assert len(files) == 2
    assert "BAD: vault:vault" in files[0].read_text()
    assert files[0].stat().st_mode & 0o077 == 0
