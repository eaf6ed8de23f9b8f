"""What an upgrade needs of backups and restores: a backup of a service, or of a tenant, and the way back from it."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Data"]


class Data(Protocol):
    """Backups of one environment. Each may be called again after a crash, with the same end."""

    def back_up(self, *, service: str = "", tenant: str = "") -> str:
        """Makes one, with its marker; answers its id. Raises OperatorError, and then there is none."""

    def bring_back(self, backup: str, *, service: str = "", tenant: str = "") -> list[str]:
        """Restores it beside, checks it against its manifest, and puts it in place; answers what is told of what was
        there before. Raises OperatorError, and then what is there is untouched, or the same call goes on.
        """
