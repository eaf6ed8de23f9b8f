"""How a command ends: 0 done, 1 failed, 2 bad input. And what it tells of a run of the engine that went well.

An error for the operator (kept.operator_error) is printed without a traceback. Any other exception is a fault of ours
and shows its traceback.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from cli.reporting import say
from kept.operator_error import OperatorError

if TYPE_CHECKING:
    from deploy.engine_run import Outcome
    from deploy.target import Target

__all__ = ["BadInput", "Failed", "Ran"]


class Failed(OperatorError):
    """The command could not do its work."""


class BadInput(Failed):
    """The arguments or the settings are wrong; nothing was touched."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A run of the engine on a stack, done."""

    kind: str
    """What the stack is, as JSON's key for its name: stack or tenant."""
    name: str
    target: Target
    outcome: Outcome
    seconds: float

    def report(self, as_json: bool) -> None:
        """What came of it: one JSON object, or a line, and one for each violation of a policy."""
        seconds = round(self.seconds, 1)
        if as_json:
            facts = {
                "ok": True,
                self.kind: self.name,
                "target": self.target.value,
                "changes": self.outcome.changed,
                "resources": self.outcome.resources,
                "violations": len(self.outcome.violations),
                "seconds": seconds,
            }
            typer.echo(json.dumps(facts))
            return
        for violation in self.outcome.violations:
            say(f"policy: {violation}")
        whose = f"{self.kind} {self.name}" if self.kind != "stack" else self.name
        did = f"{self.outcome.changed} changes, {self.outcome.resources} resources"
        say(f"{whose} ({self.target.value}): {did}, {seconds} s")
