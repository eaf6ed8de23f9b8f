"""A tenant that is being closed: every door that can be reached is closed, and what could not be is said.

One door that can't be reached keeps no other open: the engine goes on past what fails. The command fails all the same,
and run again it closes the rest.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from deploy.engine_run import EngineFailed, Outcome
from tenants.model import State, Tenant

__all__ = ["CLOSING", "DoorsLeft", "closing", "doors_of", "past_failures"]

CLOSING: tuple[State, ...] = ("suspended", "offboarding")
_DOORS = (
    ("database", "PostgreSQL"),
    ("vault", "Vault"),
    ("dns", "its name"),
    ("domains", "its own domains"),
    ("blobs", "its storage"),
)
_SILOS = (("-redis", "its Redis"), ("-n8n", "its n8n"), ("n8n", "its n8n"), ("redis", "Redis"))


class DoorsLeft(EngineFailed):
    """Some doors of a tenant are open still; the others are closed."""

    def __init__(self, slug: str, doors: Iterable[str], said: str = "") -> None:
        left = ", ".join(dict.fromkeys(doors))
        mend = "the same command again, once they can be reached"
        why = f"\n{said.strip()}" if said.strip() else ""
        super().__init__("up", f"tenant {slug}: not closed: {left}; the other doors are. Mend: {mend}{why}")


@contextlib.contextmanager
def closing(tenant: Tenant, left: Sequence[str]) -> Iterator[list[str]]:
    """For a run of the engine: the words that it is given besides. `left`: the URNs that it must leave alone.

    Raises DoorsLeft for a tenant that is being closed, when something failed or was left.
    """
    is_closing = tenant.state in CLOSING
    try:
        yield [*(word for urn in left for word in ("--exclude", urn)), *(["--continue-on-error"] if is_closing else [])]
    except EngineFailed as error:
        failed = [str(resource["urn"]) for _, resource in error.failed]
        if not is_closing or not failed:
            raise
        raise DoorsLeft(tenant.slug, doors_of([*failed, *left]), error.said) from None
    if left:
        raise DoorsLeft(tenant.slug, doors_of(left))


def past_failures(tenant: Tenant, run: Callable[[Sequence[str]], Outcome], words: Sequence[str]) -> Outcome:
    """A run of the engine. Of a tenant that is being closed once more without what failed: after a failure the engine
    deletes nothing, and some doors are closed by a deletion. Raises the first failure.
    """
    try:
        return run(words)
    except EngineFailed as error:
        failed = dict.fromkeys(str(resource["urn"]) for _, resource in error.failed)
        if tenant.state in CLOSING and failed:
            without = [word for urn in failed for word in ("--exclude", urn)]
            with contextlib.suppress(EngineFailed):
                run([*words, *without, "--exclude-dependents"])
        raise


def doors_of(urns: Iterable[str]) -> list[str]:
    """What people call the doors to which resources belong."""
    return [_door(urn.rsplit("::", 1)[-1]) for urn in urns]


def _door(name: str) -> str:
    for begin, door in _DOORS:
        if name.startswith(begin):
            return f"{door} ({name})"
    for part, door in _SILOS:
        if part in name:
            return f"{door} ({name})"
    return name
