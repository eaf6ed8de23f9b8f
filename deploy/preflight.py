"""What every operation that writes begins with: orphans ended, dead locks removed, the state whole and copied."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.locks import free_of_dead_locks
from deploy.orphans import end_orphans
from deploy.state import protect
from deploy.target import PROJECT, RunTarget, agreed

__all__ = ["before_writing", "state_ready"]


def before_writing(
    place: RunTarget, stack: str, say: Callable[[str], None], project: str = PROJECT, folder: Path | None = None
) -> dict[str, Any]:
    """Answers the deployment in the state, as it was copied. `folder`: of a project that is neither the platform nor
    its hosts. Raises WrongTarget, Locked, NoRoom or BrokenState."""
    agreed(place)
    end_orphans(place, say)
    return state_ready(place, stack, say, project, folder) or {}


def state_ready(
    place: RunTarget, stack: str, say: Callable[[str], None], project: str = PROJECT, folder: Path | None = None
) -> dict[str, Any] | None:
    """The part that is each stack's own, for runs on many after one look for orphans. None: there is no such stack."""
    free_of_dead_locks(place, project, stack, say)
    return protect(place, stack, say, project, folder)
