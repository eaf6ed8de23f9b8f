"""What a run would lose, read from the event log of a preview. Nothing is run, asked or refused here: that is
deploy.losses.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["LEFT_BEHIND", "Held", "Loss", "destroyed", "losses_of"]

_UNREPLACEABLE = "unable to replace"
"""What the engine says of a protected resource while the program still runs."""
LEFT_BEHIND = "left behind on the old server"
"""Its provider is another one, so the state would say that it exists where it does not. No option allows that."""
_DELETED = ("delete", "delete-replaced")
_REPLACED = ("replace", "create-replacement")


@dataclass(frozen=True)
class Loss:
    """One resource that would go, and what goes with it."""

    urn: str
    token: str
    how: str
    """deleted, replaced, or LEFT_BEHIND"""
    why: str

    @property
    def name(self) -> str:
        """The short name, which is also what `--allow-loss` takes."""
        return self.urn.rpartition("::")[2]

    def __str__(self) -> str:
        return f"{self.name} ({self.token}) would be {self.how}: {self.why}"


@dataclass(frozen=True)
class Held:
    """A resource of the state that holds data."""

    urn: str
    token: str
    why: str
    protected: bool
    going: bool = False
    """An earlier run has begun to delete or replace it."""


def losses_of(lines: Sequence[str], held: Sequence[Held]) -> tuple[list[Loss], bool]:
    """What an event log of a preview says will be lost; and whether protection was all that was in the way.

    In that case the engine may have stopped before it had told everything. If the program was through, what it no
    longer declares counts too; if not, another preview tells the rest.
    """
    by_urn = {one.urn: one for one in held}
    renamed: dict[str, str] = {}
    found: dict[str, Loss] = {}
    registered: set[str] = set()
    refused: set[str] = set()
    other_errors, through = 0, True
    for line in lines:
        event: dict[str, Any] = json.loads(line)
        if "resourcePreEvent" in event:
            step = event["resourcePreEvent"]["metadata"]
            renamed[str((step.get("old") or {}).get("urn", ""))] = step["urn"]
            loss = _lost(step, by_urn, renamed)
            if loss:
                found[loss.urn] = loss
            if step["op"] not in _DELETED:
                registered |= {step["urn"], str((step.get("old") or {}).get("urn", ""))}
        elif event.get("diagnosticEvent", {}).get("severity") == "error":
            urn = _protected(event["diagnosticEvent"], by_urn)
            refused |= {urn} if urn else set()
            through = through and _UNREPLACEABLE not in str(event["diagnosticEvent"].get("message", ""))
            other_errors += 0 if urn or _is_summary(event["diagnosticEvent"]) else 1
        elif event.get("policyEvent", {}).get("enforcementLevel") == "mandatory":
            other_errors += 1
    for urn in refused - found.keys():
        one = by_urn[urn]
        found[urn] = Loss(urn, one.token, "deleted" if through else "replaced", one.why)
    only_protection = bool(refused) and not other_errors
    if only_protection and through:
        for one in held:
            if one.urn not in registered and one.urn not in found:
                found[one.urn] = Loss(one.urn, one.token, "deleted", one.why)
    return sorted(found.values(), key=lambda loss: loss.name), only_protection


def _lost(step: Mapping[str, Any], held: Mapping[str, Held], renamed: Mapping[str, str]) -> Loss | None:
    how = "deleted" if step["op"] in _DELETED[:1] else "replaced" if step["op"] in (*_DELETED, *_REPLACED) else None
    if how is None and _moved(step, renamed):
        how = LEFT_BEHIND
    old = step.get("old") or {}
    urn = str(old.get("urn") or step["urn"])
    if how is None or urn not in held:
        return None
    return Loss(urn, held[urn].token, how, held[urn].why)


def _moved(step: Mapping[str, Any], renamed: Mapping[str, str]) -> bool:
    """Whether another provider has it than before; the same one under another name is no other. The engine gives each
    package one provider per version where the program names none: those are one too.
    """
    before, after = (str((step.get(side) or {}).get("provider", "")).rpartition("::")[0] for side in ("old", "new"))
    if not before or not after:
        return False
    if all(one.rpartition("::")[2].startswith("default") for one in (before, after)):
        return False
    return renamed.get(before, before) != after


def _protected(diagnostic: Mapping[str, Any], held: Mapping[str, Held]) -> str | None:
    """The resource that the engine refuses to delete, when that is what it says."""
    message = str(diagnostic.get("message", ""))
    if "protect" not in message:
        return None
    urn = str(diagnostic.get("urn", ""))
    return urn if urn in held else next((one for one in held if f'"{one}"' in message or f"'{one}'" in message), None)


def _is_summary(diagnostic: Mapping[str, Any]) -> bool:
    """The engine's last line, which repeats that there were errors."""
    return str(diagnostic.get("message", "")).strip() in ("preview failed", "update failed", "")


def destroyed(held: Iterable[Held]) -> list[Loss]:
    """What goes with a whole stack."""
    return sorted((Loss(one.urn, one.token, "deleted", one.why) for one in held), key=lambda loss: loss.name)
