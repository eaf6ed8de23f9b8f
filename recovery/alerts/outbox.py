"""A folder in which notices are laid down instead of being sent: of the simulated clouds nobody is written to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kept import keep
from recovery.alerts.notice import Notice

__all__ = ["Outbox"]


@dataclass(frozen=True)
class Outbox:
    """One file a notice, as the letter would be."""

    folder: Path

    @property
    def name(self) -> str:
        """In messages."""
        return f"the folder {self.folder}"

    def send(self, notice: Notice) -> None:
        """Lays it down."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        keep(self.folder / f"{notice.at:%Y%m%d-%H%M%S-%f}.txt", f"Subject: {notice.subject}\n\n{notice.text}")
