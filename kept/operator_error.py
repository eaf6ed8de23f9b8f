"""What every error for an operator has in common: its text says what, where, why and how to mend it, and it knows the
exit code with which a command ends.

A new one needs nothing but this base: no list of errors is kept anywhere. What is no error of an operator's (a fault of
ours, an answer of a simulated vendor) has another base, and a fault of ours shows its traceback.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

__all__ = ["OperatorError"]


class OperatorError(Exception):
    """Something that an operator can mend. Told in words, never as a traceback."""

    exit_code: ClassVar[int] = 1
    """1: it could not be done; 2: what was given is wrong, and nothing was touched."""

    def __init__(self, said: str = "", *, where: Path | str = "", why: str = "", mend: str = "") -> None:
        """Either the whole text, or its parts."""
        super().__init__(said or f"{where}: {why}. Fix: {mend}")

    def for_operator(self) -> str:
        """The text as a command ends with it."""
        return str(self)
