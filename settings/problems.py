"""What is wrong with the settings, in words that say where, what and how to mend it. A secret's value never
appears.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

from pydantic_core import PydanticCustomError

from kept.operator_error import OperatorError

__all__ = ["Problem", "SettingsError", "did_you_mean", "fault", "shown"]

NAMESPACE = "smarteros"
SHOWN = 60


@dataclass(frozen=True)
class Problem:
    """One mistake: in which file, at which path, the value as it stands there, why it is refused, and the
    mend.
    """

    file: str
    path: str
    value: str
    why: str
    mend: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.path}" if self.path else self.file
        value = f"{self.value}: " if self.value else ""
        return f"{where}: {value}{self.why}. Fix: {self.mend}"


class SettingsError(OperatorError):
    """The settings can't be used; `problems` holds every reason that was found."""

    exit_code = 2
    in_what: ClassVar[str] = "the settings; nothing was started"
    """Where the mistakes are, and what became of the command."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)

    def for_operator(self) -> str:
        """How many there are, then each."""
        count = len(self.problems)
        return f"{count} mistake{'s' if count != 1 else ''} in {self.in_what}\n{self}"


def fault(why: str, mend: str) -> PydanticCustomError:
    """The error that a validator of the model raises: what is wrong and how to mend it."""
    return PydanticCustomError("fault", "{why}", {"why": why, "mend": mend})


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A mend for a name that is not known: the one that is close to it, or all of them."""
    names = sorted(known)
    close = get_close_matches(given, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"one of: {', '.join(names) or 'none is declared'}"


def shown(value: object) -> str:
    """A value as a message shows it: as JSON, cut when long. Also one that JSON has no form for, as one that holds
    itself; and of one that is huge, no more is made than is shown.
    """
    text = ""
    try:
        for piece in json.JSONEncoder(ensure_ascii=False, default=str).iterencode(value):
            text += piece
            if len(text) > SHOWN:
                break
    except (RecursionError, TypeError, ValueError):
        text += "…"
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "…"
