"""A question that may hang, asked for so long and no longer: what nobody answers in time is not known."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

__all__ = ["within"]

T = TypeVar("T")


def within(seconds: float, question: Callable[[], T]) -> T | None:
    """Its answer; None when there is none by then. Raises what the question raises until then."""
    answers: list[T] = []
    errors: list[Exception] = []

    def ask() -> None:
        try:
            answers.append(question())
        except Exception as error:  # it is the caller's: raised again in his thread
            errors.append(error)

    asked = threading.Thread(target=ask, daemon=True, name="bounded question")
    asked.start()
    asked.join(seconds)
    if errors:
        raise errors[0]
    return answers[0] if answers else None
