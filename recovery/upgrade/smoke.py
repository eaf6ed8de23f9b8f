"""Whether a service works, asked as a stranger would: what it is asked, and what its answers mean, it says itself.

A service that has just started is asked again until it answers well or its time is over; what it says last is told.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Sequence

from kept.operator_error import OperatorError
from settings import WebAddress
from settings.services.owner import Answer, Question
from settings.services.upgrades import SmokeTest

__all__ = ["SmokeFailed", "asked_once", "works"]

Visit = Callable[[WebAddress, Question], Answer]
_PAUSE_S = 2.0


class SmokeFailed(OperatorError):
    """A service that does not answer as it should."""


def works(
    address: WebAddress,
    tests: Sequence[SmokeTest],
    tag: str,
    visit: Visit,
    *,
    within_s: float,
    clock: tuple[Callable[[], float], Callable[[float], None]] = (time.monotonic, time.sleep),
) -> list[str]:
    """What was asked and answered well, a line each. Raises SmokeFailed with what it last said."""
    now, sleep = clock
    until = now() + within_s
    lines = []
    for test in tests:
        while problem := asked_once(address, test, tag, visit):
            if now() >= until:
                raise SmokeFailed(
                    f"{address.url}{test.path}: {problem} ({test.source}). Fix: its log says why; the state before is "
                    "brought back where this was an upgrade"
                )
            sleep(_PAUSE_S)
        lines.append(f"{address.url}{test.path} answers well")
    return lines


def asked_once(address: WebAddress, test: SmokeTest, tag: str, visit: Visit) -> str:
    """What is wrong with its answer now; nothing when all is well."""
    question = Question(path=test.path, means=lambda _: "unknown", body=test.body, source=test.source)
    try:
        answer = visit(address, question)
    except (OSError, http.client.HTTPException) as error:
        return f"nobody answers: {error}"
    problem = test.problem(answer)
    if problem:
        return problem
    says = test.version(answer)
    if says is not None and not _same(says, tag):
        return f"it says that it is {says}, and {tag} was to answer"
    return ""


def _same(says: str, tag: str) -> bool:
    """v4.18.0-ce is 4.18.0."""
    return tag.removeprefix("v").split("-")[0] == says.removeprefix("v").split("-")[0]
