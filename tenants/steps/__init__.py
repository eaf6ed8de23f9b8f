"""What a tenant consists of, one step a file (`tenants.steps.step`): the list of them, in the order of declaration.

Whoever uses what others give comes after them: Vault after all that have a login, the name in the zone after all that
it leads to. A new step is its file, its line here and its test.

The steps are imported when somebody walks them: they need Pulumi's SDK, whose import a command that only asks a state,
or an engine that starts meanwhile, does not wait for. What a vendor's client or SDK is needed for is imported there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenants.names import TenantNames
    from tenants.steps.step import ArchivedPart, Step

__all__ = ["MODULES", "archived_parts", "owners_of", "steps"]

MODULES: tuple[str, ...] = (
    "tenants.steps.database",
    "tenants.steps.knowledge",
    "tenants.steps.redis",
    "tenants.steps.n8n",
    "tenants.steps.blobs",
    "tenants.steps.vault",
    "tenants.steps.dns",
    "tenants.steps.domains",
)


def steps() -> tuple[Step, ...]:
    """Every step."""
    return _imported(MODULES)


def archived_parts() -> Iterator[tuple[Step, ArchivedPart]]:
    """The steps that have a file in an archive."""
    return ((step, step.archived) for step in steps() if step.archived is not None)


def owners_of(names: TenantNames) -> tuple[str, ...]:
    """Every database of a tenant on the tenants' server, each called as the role that owns it."""
    return tuple(owner for step in steps() for owner in step.owners(names))


@lru_cache
def _imported(modules: tuple[str, ...]) -> tuple[Step, ...]:
    return tuple(import_module(module).STEP for module in modules)
