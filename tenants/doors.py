"""A tenant that is being closed: every door that can be reached is closed, and what could not be is said.

One door that can't be reached keeps no other open: the engine goes on past what fails. The command fails all the same,
and run again it closes the rest.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from deploy.engine_run import EngineFailed
from tenants.model import State, Tenant
from tenants.steps import steps

__all__ = ["CLOSING", "DoorsLeft", "closed_by_deletion", "closing", "doors_of"]

CLOSING: tuple[State, ...] = ("suspended", "offboarding")


class DoorsLeft(EngineFailed):
    """Some doors of a tenant are open still; the others are closed."""

    def __init__(self, slug: str, doors: Iterable[str], said: str = "") -> None:
        left = ", ".join(dict.fromkeys(doors))
        mend = "the same command again, once they can be reached"
        why = f"\n{said.strip()}" if said.strip() else ""
        super().__init__("up", f"tenant {slug}: not closed: {left}; the other doors are. Fix: {mend}{why}")


@contextlib.contextmanager
def closing(tenant: Tenant, left: Sequence[str], found: Mapping[str, Any] | None = None) -> Iterator[list[str]]:
    """For a run of the engine: the words that it is given besides. `left`: the URNs that it must leave alone; `found`:
    the state before, of which those doors that a deletion closes are open still when anything failed: after a failure
    the engine deletes nothing.

    Raises DoorsLeft for a tenant that is being closed, when something failed or was left.
    """
    is_closing = tenant.state in CLOSING
    try:
        yield [*(word for urn in left for word in ("--exclude", urn)), *(["--continue-on-error"] if is_closing else [])]
    except EngineFailed as error:
        failed = [str(resource["urn"]) for _, resource in error.failed]
        if not is_closing or not failed:
            raise
        raise DoorsLeft(tenant.slug, doors_of([*failed, *closed_by_deletion(found), *left]), error.said) from None
    if left:
        raise DoorsLeft(tenant.slug, doors_of(left))


def closed_by_deletion(found: Mapping[str, Any] | None) -> list[str]:
    """The URNs of what stands for an open door for as long as it is there (`Step.open_while_there`). `found`: the
    state.
    """
    begins = [one for step in steps() for one in step.open_while_there.items()]
    return [
        str(one["urn"])
        for one in (found or {}).get("resources") or []
        if any(one["type"] == kind and re.match(begin, _name(str(one["urn"]))) for kind, begin in begins)
    ]


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def doors_of(urns: Iterable[str]) -> list[str]:
    """What people call the doors to which resources belong."""
    return [_door(_name(urn)) for urn in urns]


def _door(name: str) -> str:
    for step in steps():
        for begin, door in step.doors.items():
            if re.match(begin, name):
                return f"{door} ({name})"
    return name
