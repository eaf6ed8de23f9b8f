"""Starts the engine's plain CLI and reads what came of it from its event log."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy import orphans
from deploy.target import RunTarget
from kept.operator_error import OperatorError

__all__ = ["EngineFailed", "Outcome", "end_at_once", "failed_in", "read_events", "run", "run_with_events"]

UNCHANGED = ("same", "read", "discard", "refresh")
AT_ONCE_S = 3.0
_RUNNING: set[subprocess.Popen[str]] = set()


class EngineFailed(OperatorError):
    """The engine ended with a failure; it has said why (or `said` has it, when its output was captured)."""

    def __init__(self, command: str, said: str = "") -> None:
        super().__init__(f"`pulumi {command}` failed" + (f":\n{said.strip()}" if said.strip() else ""))
        self.said = said
        self.failed: tuple[tuple[str, dict[str, Any]], ...] = ()
        """(operation, resource) of each that failed, where its event log was read; nothing secret is in it."""


@dataclass(frozen=True)
class Outcome:
    """What a run of the engine did, or would do."""

    changes: Counter[str] = field(default_factory=Counter)
    """Operation (create, update, delete, replace…) → how many."""
    resources: int = 0
    violations: tuple[str, ...] = ()

    @property
    def changed(self) -> int:
        """How many resources were, or would be, changed."""
        return sum(count for operation, count in self.changes.items() if operation not in UNCHANGED)


def run(place: RunTarget, project: Path, *arguments: str, capture: bool = False, stdin: str | None = None) -> str:
    """Runs `pulumi ARGUMENTS` in a project; its output goes to the terminal, or is the answer with `capture`.

    Raises EngineFailed. Secrets are never put into `arguments`: they go through `stdin`.
    """
    environ = {**place.environ, **orphans.mark(), "PULUMI_OPTION_CWD": str(project)}
    environ["PULUMI_DEBUG_COMMANDS"] = "true"  # for --event-log
    process = subprocess.Popen(  # noqa: S603  the engine itself, without a shell
        [str(place.pulumi), *arguments],
        env=environ,
        cwd=project,
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL if capture else None,
        stdout=subprocess.PIPE if capture else None,
        stderr=subprocess.PIPE if capture else None,
        text=True,
        # Of a process with many threads, no Python may run in the child: of its death, the next run hears.
        preexec_fn=None if place.apart else orphans.stop_with_parent,
        process_group=0 if place.apart else None,
    )
    with _running(process):
        out, err = _ended(process, stdin)
    if process.returncode != 0:
        raise EngineFailed(arguments[0], f"{out or ''}{err or ''}" if capture else "")
    return out or ""


def end_at_once() -> None:
    """Interrupts every engine that this process runs, and kills those that do not end soon."""
    found = list(_RUNNING)
    for process in found:
        _signal(process, signal.SIGINT)

    def kill() -> None:
        for process in found:
            _signal(process, signal.SIGKILL)

    killer = threading.Timer(AT_ONCE_S, kill)
    killer.daemon = True
    killer.start()


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    if process in _RUNNING:  # not waited for yet: its number is still its own
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)


@contextlib.contextmanager
def _running(process: subprocess.Popen[str]) -> Iterator[None]:
    _RUNNING.add(process)
    try:
        yield
    finally:
        _RUNNING.discard(process)


def _ended(process: subprocess.Popen[str], stdin: str | None) -> tuple[str | None, str | None]:
    """The output, once the engine has ended. Ctrl-C reaches the engine too, which finishes what it has begun and
    gives its lock back: it is waited for, never killed.
    """
    interrupted = False
    while True:
        try:
            said = process.communicate(None if interrupted else stdin)
        except KeyboardInterrupt:
            interrupted = True
            continue
        if interrupted:
            raise KeyboardInterrupt
        return said


def run_with_events(place: RunTarget, project: Path, command: str, *arguments: str, capture: bool = False) -> Outcome:
    """As `run`, for the commands that plan or change resources; answers what they did."""
    with tempfile.TemporaryDirectory(dir=place.scratch) as folder:
        log = Path(folder) / "events"
        try:
            run(place, project, command, *arguments, "--event-log", str(log), capture=capture)
        except EngineFailed as error:
            error.failed = tuple(failed_in(log.read_text().splitlines() if log.exists() else ()))
            raise
        return read_events(log.read_text().splitlines() if log.exists() else ())


def failed_in(lines: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(operation, resource) of each operation that an event log says has failed. An engine that was killed leaves its
    last line unfinished.
    """
    for line in lines:
        try:
            step = json.loads(line).get("resOpFailedEvent", {}).get("metadata")
        except ValueError:
            continue
        if step:
            yield step["op"], {**(step.get("new") or step.get("old") or {}), "urn": step["urn"], "type": step["type"]}


def read_events(lines: Sequence[str]) -> Outcome:
    """The outcome that an event log tells. The last summary counts: an `up` logs its preview first."""
    changes: Counter[str] = Counter()
    violations: list[str] = []
    for line in lines:
        event: dict[str, Any] = json.loads(line)
        if "summaryEvent" in event:
            counted = event["summaryEvent"].get("resourceChanges") or {}
            changes = Counter({str(operation): int(count) for operation, count in counted.items()})
        elif "policyEvent" in event:
            policy = event["policyEvent"]
            text = f"{policy.get('policyName')} ({policy.get('enforcementLevel')}): {policy.get('resourceUrn', '')}"
            if text not in violations:
                violations.append(text)
    remaining = sum(count for operation, count in changes.items() if operation not in ("delete", "discard"))
    return Outcome(changes, remaining, tuple(violations))
