"""Mends a killed `destroy`: what was deleted at the vendor while the state still has it is dropped from the state.

The engine would delete it again, or build on it, and either fails for good: of what is gone, nothing can be read or
revoked. Creations without an end are `deploy.repair`'s.

And what a killed run was changing is read anew: the state has the old values, the vendor perhaps the new ones, and what
is wanted now may be the old ones again, so that nothing would be done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from deploy.engine_run import run
from deploy.target import RunTarget
from kept import keep, words

__all__ = ["ending_begun", "forget_deleted", "note_changed", "read_changed", "remember_changed"]

DELETING, UPDATING = "deleting", "updating"
CHANGING = "changing"
"""What is to be read, one URN a line: the engine itself forgets it with the next run."""
# The state says itself what was being deleted; but a run that fails before it is mended forgets that.
BEGUN = "ending"


def ending_begun(there: RunTarget) -> None:
    """Remembers, beside the stack's project file, that a destruction began: it ends with that folder."""
    (there.project / BEGUN).touch()


def forget_deleted(there: RunTarget, slug: str, found: Mapping[str, Any] | None, say: Callable[[str], None]) -> bool:
    """Reads the stack's resources anew when a deletion was begun, and of its end nobody knows; whether it did.

    Needs the tunnel. `found`: the stack's state, as it was before this run.
    """
    mark = there.project / BEGUN
    pending = (found or {}).get("pending_operations") or []
    if found is not None and (mark.exists() or any(one["type"] == DELETING for one in pending)):
        say(f"a run that took {slug} down has not ended; reading what is left of it")
        mark.touch()
        run(there, there.project, "refresh", "--yes", "--skip-preview", "--stack", slug, capture=True)
        mark.unlink()
        (there.project / CHANGING).unlink(missing_ok=True)
        return True
    mark.unlink(missing_ok=True)
    return False


def remember_changed(there: RunTarget, found: Mapping[str, Any] | None) -> None:
    """Keeps, beside the stack's project file, what a killed run was changing: before anything touches the state."""
    pending = (found or {}).get("pending_operations") or []
    urns = {one["resource"]["urn"] for one in pending if one["type"] == UPDATING and one["resource"].get("custom")}
    if urns:
        note_changed(there, urns)


def note_changed(there: RunTarget, urns: Collection[str]) -> None:
    """Keeps what was changed at the vendors while the state could not be written, for the next run to read."""
    keep(there.project / CHANGING, "\n".join(sorted({*urns} | _changing(there))))


def read_changed(there: RunTarget, slug: str, found: Mapping[str, Any] | None, say: Callable[[str], None]) -> int:
    """Reads it anew at the vendors; how many resources. Needs the tunnel."""
    known = {one["urn"] for one in (found or {}).get("resources") or []}
    urns = sorted(_changing(there) & known)
    if urns:
        say(f"of a run that changed {slug} the state has not heard; reading {len(urns)} of its resources anew")
        targets = [word for urn in urns for word in ("--target", urn)]
        run(there, there.project, "refresh", "--yes", "--skip-preview", "--stack", slug, *targets, capture=True)
    (there.project / CHANGING).unlink(missing_ok=True)
    return len(urns)


def _changing(there: RunTarget) -> set[str]:
    file = there.project / CHANGING
    try:
        return set(words(file, "remove it, then ./smos tenant drift SLUG --mend").splitlines())
    except FileNotFoundError:
        return set()
