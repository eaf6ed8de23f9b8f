"""Asks every probe at once. One that fails or takes too long says so, and no other waits for it."""

from __future__ import annotations

import importlib
import queue
import threading
import time
from collections.abc import Sequence

from kept.operator_error import OperatorError
from recovery.status.probe import Finding, Look, Probe

__all__ = ["asked", "probes"]


_NAMES = ("claims", "health", "certificates", "vault", "backups", "wal", "credentials", "room", "capacity", "drift")
"""The modules beside this one, in the order in which they are shown."""


def probes() -> tuple[Probe, ...]:
    """All of them, in order."""
    found: tuple[Probe, ...] = tuple(importlib.import_module(f"recovery.status.{name}").PROBE for name in _NAMES)
    return found


def asked(look: Look, wanted: Sequence[Probe]) -> list[Finding]:
    """What they found, in their order. The threads of those that take too long end with the process."""
    answers: queue.SimpleQueue[tuple[int, list[Finding]]] = queue.SimpleQueue()
    begun = time.monotonic()
    for number, probe in enumerate(wanted):
        threading.Thread(target=_ask, args=(number, probe, look, answers), daemon=True).start()
    found: dict[int, list[Finding]] = {}
    while len(found) < len(wanted):
        waiting = [probe.limit_s for number, probe in enumerate(wanted) if number not in found]
        left = max(waiting) - (time.monotonic() - begun)
        try:
            number, given = answers.get(timeout=max(left, 0.0))
        except queue.Empty:
            break
        found[number] = given
    return [one for number, probe in enumerate(wanted) for one in found.get(number, [_late(probe)])]


def _ask(number: int, probe: Probe, look: Look, answers: queue.SimpleQueue[tuple[int, list[Finding]]]) -> None:
    begun = time.monotonic()
    try:
        given = list(probe.ask(look))
    except (OperatorError, OSError) as error:
        given = [Finding(probe=probe.name, subject=probe.name, level="unknown", says=f"could not be asked: {error}")]
    except BaseException as error:
        says = f"a fault of this program: {type(error).__name__}: {error}"
        given = [Finding(probe=probe.name, subject=probe.name, level="unknown", says=says)]
    answers.put((number, given if time.monotonic() - begun <= probe.limit_s else [_late(probe)]))


def _late(probe: Probe) -> Finding:
    says = f"no answer within {probe.limit_s:g} s"
    return Finding(probe=probe.name, subject=probe.name, level="unknown", says=says)
