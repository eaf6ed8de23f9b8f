"""Is anything of a tenant left anywhere? Each vendor is asked for all that carries it, as Pulumi's state is not.

What counts as left, each step says itself (`Step.searches`); of no step is the stack.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tenants.residue.left import Left, Sought
from tenants.steps import steps

if TYPE_CHECKING:
    from tenants.model import Tenant
    from tenants.session import PlatformSession
    from tenants.steps.step import Search

__all__ = ["Left", "Sought", "left_of", "searches"]


def searches() -> tuple[Search, ...]:
    """Whom to ask, in the steps' order: each once."""
    from tenants.residue.state import IN_THE_STATE

    return tuple(dict.fromkeys([*(one for step in steps() for one in step.searches), IN_THE_STATE]))


def left_of(session: PlatformSession, tenant: Tenant, slugs: Iterable[str]) -> list[Left]:
    """Everything that is left; an empty list is the proof. Raises NotReady when somebody can't be asked.

    `slugs`: of every tenant of the registry; those with a live stack count too.
    """
    sought = Sought.among(tenant, {*slugs, *session.stacks})
    return [found for search in searches() for found in search.find(session, sought)]
