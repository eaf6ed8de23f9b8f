"""The backups and restores of this environment, as an upgrade uses them (recovery/backup.py, recovery/restore.py)."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.target import RunTarget
from kept.operator_error import OperatorError
from kept.say import Say

__all__ = ["Incomplete", "KeptData"]


class Incomplete(OperatorError):
    """A backup that lacks something of what was asked for: there would be no way back."""


@dataclass(frozen=True)
class KeptData:
    """Of one environment."""

    place: RunTarget
    stack: str
    say: Say

    def back_up(self, *, service: str = "", tenant: str = "") -> str:
        """See `Data`."""
        from recovery.backup import back_up

        made = back_up(self.place, self.stack, tenant or service, self.say)
        if made.missed:
            lacks = "; ".join(f"{one.name}: {one.why}" for one in made.missed)
            raise Incomplete(f"backup {made.id} lacks {lacks}. Fix: mend that, and the same command again")
        return made.id

    def bring_back(self, backup: str, *, service: str = "", tenant: str = "") -> list[str]:
        """See `Data`."""
        from recovery.restore import Wanted, restore

        done = restore(self.place, self.stack, Wanted(id=backup, service=service, tenant=tenant), self.say)
        return [f"what the failed upgrade left is kept aside as {name}" for name in done.names]
