"""The refusal that no policy can make: a run that deletes or replaces what holds data stops, unless each is named.
Where the settings say that all of it can be made again (Settings.disposable), it only has to be confirmed.

A policy sees what a program declares, never what is no longer declared. So `smos` previews first and reads from the
engine's event log what would go. What was named is freed of its protection just before it goes, and nothing else is:
should something have changed between the preview and the run, the engine's own protection refuses it
(docs/adr/losses-are-named.md). A plain `pulumi up` has that protection alone.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.engine_run import EngineFailed, run
from deploy.lost import LEFT_BEHIND, Held, Loss, losses_of
from deploy.state import current
from deploy.target import RunTarget
from kept.operator_error import OperatorError
from kept.say import Say
from policy.stateful import holds, plain_token

__all__ = [
    "LossRefused",
    "NotConfirmed",
    "careful",
    "confirm",
    "free",
    "held_in_state",
    "refuse",
]

Ask = Callable[[str], bool]


class LossRefused(OperatorError):
    """Data would be lost that nobody named on the command line."""


class NotConfirmed(OperatorError):
    """The operator was asked whether to go on, and said no. Nothing was changed."""


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
