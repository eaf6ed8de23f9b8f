"""What is wrong with a keyring, in words that say where, what and how to mend it. A value never appears."""

from __future__ import annotations

from pathlib import Path

from kept.operator_error import OperatorError

__all__ = ["KeyringError"]


class KeyringError(OperatorError):
    """The keyring, or the key to it, can't be used."""

    def __init__(self, where: Path | str, why: str, mend: str) -> None:
        super().__init__(f"{where}: {why}. Fix: {mend}")
        self.where, self.why, self.mend = str(where), why, mend
