"""Whether an upgrade of an environment has begun and not ended: asked by whatever would start its code."""

from __future__ import annotations

from pathlib import Path

from deploy.target import RunTarget, keeps_in
from kept.operator_error import OperatorError

__all__ = ["Unended", "folder_of", "name_of", "refuse_open"]


class Unended(OperatorError):
    """An upgrade has begun and not ended: what is between old and new is no other command's business."""


def refuse_open(place: RunTarget, stack: str) -> None:
    """Raises Unended while an upgrade of that environment has neither ended nor come back."""
    file = folder_of(place) / f"{name_of(stack)}.json"
    if file.exists():
        raise Unended(
            f"{stack}: an upgrade has begun and not ended ({file}). Old code would meet newer data. "
            "Fix: the same ./smos upgrade again: it goes on, or comes back"
        )


def folder_of(place: RunTarget) -> Path:
    """Where journals of recovery are kept."""
    return keeps_in(place.target) / "recovery"


def name_of(stack: str) -> str:
    """The journal's."""
    return f"upgrade-{stack}"
