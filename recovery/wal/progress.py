"""How far a receiver has come, as it notes it: read by whoever asks, also when the receiver or the server is gone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from kept import Damaged, keep, words
from recovery.wal.archive import WalArchive

__all__ = ["CLOCKS_DIFFER_S", "Progress", "ahead_at", "noted", "progress_of"]

CLOCKS_DIFFER_S = 5.0
"""From here on, a moment by one clock is another one by the other."""
_CHANGED_S = 1.0
_MOST = 1000
_GIVE = "remove it; the receiver writes it anew"


class Progress(BaseModel):
    """At one look."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    """By this machine's clock."""
    come_until: AwareDatetime | None = None
    """All that was committed until then, by the server's clock, is here."""
    receiving: bool = False
    why: str = ""
    """Why it is not."""
    ahead_s: float = 0.0
    """How far the server's clock is before this machine's, in seconds."""
    clocks: tuple[tuple[AwareDatetime, float], ...] = ()
    """Since when, by the server's clock, it was how far ahead: one for each change of more than a second."""


def noted(archive: WalArchive, now: Progress) -> None:
    """Writes it down; how far the clocks differed before is kept."""
    last = progress_of(archive)
    clocks = last.clocks if last else ()
    if now.come_until and (not clocks or abs(clocks[-1][1] - now.ahead_s) > _CHANGED_S):
        clocks = (*clocks, (now.at + timedelta(seconds=now.ahead_s), now.ahead_s))[-_MOST:]
    come = now.come_until or (last.come_until if last else None)
    whole = now.model_copy(update={"clocks": clocks, "come_until": come})
    keep(archive.folder / "progress.json", json.dumps(whole.model_dump(mode="json")))


def progress_of(archive: WalArchive) -> Progress | None:
    """The last look; None where there has been no receiver yet."""
    file = archive.folder / "progress.json"
    try:
        return Progress.model_validate_json(words(file, _GIVE))
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise Damaged(file, f"it is no note of a receiver ({error.error_count()} faults)", _GIVE) from None


def ahead_at(progress: Progress | None, moment: datetime) -> float:
    """How far the server's clock was before this machine's at a moment of its own, in seconds."""
    clocks = progress.clocks if progress else ()
    before = [ahead for since, ahead in clocks if since.astimezone(UTC) <= moment]
    return before[-1] if before else (clocks[0][1] if clocks else 0.0)
