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


REACH, CONTAINER = "azure-native:authorization:RoleAssignment", "docker:index/container:Container"


class DoorsLeft(EngineFailed):
    """Some doors of a tenant are open still; the others are closed."""

    def __init__(self, slug: str, doors: Iterable[str], said: str = "") -> None:
        left = ", ".join(dict.fromkeys(doors))
        mend = "the same command again, once they can be reached"
        why = f"\n{said.strip()}" if said.strip() else ""
        super().__init__("up", f"tenant {slug}: not closed: {left}; the other doors are. Fix: {mend}{why}")


@contextlib.contextmanager
def closing(tenant: Tenant, left: Sequence[str], by_deletion: Sequence[str] = ()) -> Iterator[list[str]]:
    """For a run of the engine: the words that it is given besides. `left`: the URNs that it must leave alone;
    `by_deletion`: of those doors that a deletion closes, which are open still when anything failed: after a failure the
    engine deletes nothing.

    Raises DoorsLeft for a tenant that is being closed, when something failed or was left.
    """
    is_closing = tenant.state in CLOSING
    try:
        yield [*(word for urn in left for word in ("--exclude", urn)), *(["--continue-on-error"] if is_closing else [])]
    except EngineFailed as error:
        failed = [str(resource["urn"]) for _, resource in error.failed]
        if not is_closing or not failed:
            raise
        raise DoorsLeft(tenant.slug, doors_of([*failed, *by_deletion, *left]), error.said) from None
    if left:
        raise DoorsLeft(tenant.slug, doors_of(left))


def closed_by_deletion(found: Mapping[str, Any] | None) -> list[str]:
    """The URNs of what stands for an open door: its identity's reach, the container of its n8n. `found`: the state."""
    return [
        str(one["urn"])
        for one in (found or {}).get("resources") or []
        if one["type"] == REACH or (one["type"] == CONTAINER and "-n8n" in str(one["urn"]).rsplit("::", 1)[-1])
    ]


def doors_of(urns: Iterable[str]) -> list[str]:
    """What people call the doors to which resources belong."""
    return [_door(urn.rsplit("::", 1)[-1]) for urn in urns]


def _door(name: str) -> str:
    for step in steps():
        for begin, door in step.doors.items():
            if re.match(begin, name):
                return f"{door} ({name})"
    return name
