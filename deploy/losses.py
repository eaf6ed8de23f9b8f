"""The refusal that no policy can make: a run that deletes or replaces what holds data stops, unless each is named.
Where the settings say that all of it can be made again (Settings.disposable), it only has to be confirmed.

A policy sees what a program declares, never what is no longer declared. So `smos` previews first and reads from the
engine's event log what would go. What was named is freed of its protection just before it goes, and nothing else is:
should something have changed between the preview and the run, the engine's own protection refuses it
(docs/adr/losses-are-named.md). A plain `pulumi up` has that protection alone.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.engine_run import EngineFailed, run
from deploy.state import current
from deploy.target import RunTarget
from kept.operator_error import OperatorError
from kept.say import Say
from policy.stateful import holds, plain_token

__all__ = [
    "LEFT_BEHIND",
    "Held",
    "Loss",
    "LossRefused",
    "NotConfirmed",
    "careful",
    "confirm",
    "destroyed",
    "free",
    "held_in_state",
    "losses_of",
    "refuse",
]

Ask = Callable[[str], bool]
_UNREPLACEABLE = "unable to replace"
"""What the engine says of a protected resource while the program still runs."""
LEFT_BEHIND = "left behind on the old server"
"""Its provider is another one, so the state would say that it exists where it does not. No option allows that."""
_DELETED = ("delete", "delete-replaced")
_REPLACED = ("replace", "create-replacement")


class LossRefused(OperatorError):
    """Data would be lost that nobody named on the command line."""


class NotConfirmed(OperatorError):
    """The operator was asked whether to go on, and said no. Nothing was changed."""


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


def held_in_state(place: RunTarget, project: Path, stack: str) -> list[Held]:
    """Everything in a stack's state that holds data, and that the engine would really delete."""
    return list(_held(current(place, project, stack).get("resources") or []))


def _held(resources: Iterable[Mapping[str, Any]]) -> Iterator[Held]:
    for one in resources:
        token = plain_token(str(one["type"]))
        why = holds(token, one.get("inputs") or {})
        if why and not one.get("external") and not one.get("retainOnDelete"):
            going = bool(one.get("delete") or one.get("pendingReplacement"))
            yield Held(one["urn"], token, why, bool(one.get("protect")), going)


def careful(
    place: RunTarget,
    project: Path,
    stack: str,
    arguments: Sequence[str],
    *,
    allowed: Iterable[str] | None,
    ask: Ask,
    quiet: bool,
    say: Say,
    protect: bool,
) -> None:
    """Previews until it is known what would be lost. Comes back when all of it is named, and free to go.
    `allowed`: what is named; None where nothing has to be.

    With `protect` (the settings' own) it first protects what a killed run left without protection.
    Raises LossRefused when something is not named, NotConfirmed when `ask` says no; then everything is protected as
    it was.
    """
    names = None if allowed is None else tuple(allowed)
    if protect:
        _protected_again(place, project, stack, say)
    freed: list[Loss] = []
    try:
        while True:
            losses, blocked = _previewed(place, project, stack, arguments, quiet)
            refuse(stack, losses, names)
            if blocked is None:
                break
            new = [loss for loss in losses if loss not in freed]
            if not new:
                raise blocked
            freed += new
            _protection(place, project, stack, new, "unprotect")
            say(f"previewing again, without the protection of {', '.join(loss.name for loss in new)}")
        confirm(stack, losses, ask)
    except BaseException:
        _protection(place, project, stack, freed, "protect")
        raise


def _protected_again(place: RunTarget, project: Path, stack: str, say: Say) -> None:
    """Everything that holds data is protected again: a run that was killed may have freed it."""
    held = held_in_state(place, project, stack)
    going = {one.urn for one in held if one.going}
    bare = [Loss(one.urn, one.token, "", one.why) for one in held if not one.protected and one.urn not in going]
    if bare:
        _protection(place, project, stack, bare, "protect")
        say(f"{stack}: protected, as the settings say: {', '.join(loss.name for loss in bare)}")


def confirm(stack: str, losses: Sequence[Loss], ask: Ask) -> None:
    """Asks once, naming what goes. Raises NotConfirmed."""
    listed = "".join(f"\n  {loss}" for loss in losses)
    if not ask(f"{stack}: go on?" if not losses else f"{stack}: as you named it,{listed}\ngo on?"):
        raise NotConfirmed(f"{stack}: nothing was changed")


def _previewed(
    place: RunTarget, project: Path, stack: str, arguments: Sequence[str], quiet: bool
) -> tuple[list[Loss], EngineFailed | None]:
    """What would be lost; and the failure, if the preview ended early for protection. Raises every other failure."""
    held = held_in_state(place, project, stack)
    with tempfile.TemporaryDirectory(dir=place.scratch) as folder:
        log = Path(folder) / "events"
        failure = None
        try:
            run(place, project, "preview", "--stack", stack, *arguments, "--event-log", str(log), capture=quiet)
        except EngineFailed as error:
            failure = error
        lines = log.read_text().splitlines() if log.exists() else []
    losses, only_protection = losses_of(lines, held)
    if failure is not None and not only_protection:
        raise failure
    return losses, failure


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


def refuse(stack: str, losses: Sequence[Loss], allowed: Iterable[str] | None) -> None:
    """Raises LossRefused for what would be lost and is not named. A name that several have does not name one. `allowed`
    is None where nothing has to be named; what would be left behind is refused there, too.
    """
    count = Counter(loss.name for loss in losses)
    named = {loss.urn for loss in losses} if allowed is None else set(allowed)
    open_ = [
        loss
        for loss in losses
        if loss.how == LEFT_BEHIND or not ({loss.urn} | ({loss.name} if count[loss.name] == 1 else set())) & named
    ]
    if not open_:
        return
    left = [loss for loss in open_ if loss.how == LEFT_BEHIND]
    options = " ".join(f"--allow-loss {_quoted(loss, count)}" for loss in open_ if loss not in left)
    mend = "put them back (settings, program)" + (f"; or, when they are to go: {options}" if options else "")
    if left:
        mend += (
            "; a move is two runs: without the service first, which deletes what it holds and asks for that to be "
            "named, then with it in its new place"
        )
    what = "1 thing that holds data" if len(open_) == 1 else f"{len(open_)} things that hold data"
    raise LossRefused(
        f"{stack}: {what} would be lost; nothing was changed\n"
        + "\n".join(f"  {loss}" for loss in open_)
        + f"\nFix: {mend}"
    )


def _quoted(loss: Loss, count: Mapping[str, int]) -> str:
    return loss.name if count[loss.name] == 1 else f"'{loss.urn}'"


def free(place: RunTarget, project: Path, stack: str, losses: Sequence[Loss]) -> None:
    """Takes the protection from what is to go, one by one; from nothing else."""
    _protection(place, project, stack, losses, "unprotect")


def _protection(place: RunTarget, project: Path, stack: str, losses: Sequence[Loss], how: str) -> None:
    for loss in losses:
        run(place, project, "state", how, loss.urn, "--yes", "--stack", stack, capture=True)
