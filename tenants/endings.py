"""Mends a killed `destroy`: what was deleted at the vendor while the state still has it is dropped from the state.

The engine would delete it again, or build on it, and either fails for good: of what is gone, nothing can be read or
revoked. Creations without an end are `deploy.repair`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deploy.engine_run import run
from deploy.target import Workplace

__all__ = ["ending_begun", "forget_deleted"]

DELETING = "deleting"
# The state says itself what was being deleted; but a run that fails before it is mended forgets that.
BEGUN = "ending"


def ending_begun(there: Workplace) -> None:
    """Remembers, beside the stack's project file, that a destruction began: it ends with that folder."""
    (there.project / BEGUN).touch()


def forget_deleted(there: Workplace, slug: str, found: Mapping[str, Any] | None, say: Callable[[str], None]) -> bool:
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
        return True
    mark.unlink(missing_ok=True)
    return False
