"""When a tenant is well: its state holds no operation without an end, and what its steps ask of it is answered.

A suspended tenant is well when its database refuses its login. Each check is a function, and others can be handed in.
"""

from __future__ import annotations

from collections.abc import Sequence

from tenants.model import Tenant
from tenants.session import PlatformSession
from tenants.state import deployment
from tenants.steps import steps
from tenants.steps.step import HealthCheck as Check
from tenants.vault_session import VaultSession
from tenants.workfolder import folder_of

__all__ = ["Check", "checks_of_all", "state_is_whole", "unwell"]


def unwell(
    session: PlatformSession, tenant: Tenant, vault_session: VaultSession | None, checks: Sequence[Check] | None = None
) -> str:
    """The first reason why a tenant is not well; nothing when it is."""
    for check in checks_of_all() if checks is None else checks:
        try:
            why = check(session, tenant, vault_session)
        except Exception as error:  # a check that can't be made is a tenant that is not known to be well
            why = f"{type(error).__name__}: {error}".strip()
        if why:
            return f"{check.__name__.replace('_', ' ')}: {why}"
    return ""


def state_is_whole(session: PlatformSession, tenant: Tenant, _vault_session: VaultSession | None) -> str:
    """It has resources, and nothing in it was begun without an end."""
    found = deployment(
        session.place, folder_of(session.place, tenant.slug), session.project_of(tenant.slug), tenant.slug
    )
    if not found or not found.get("resources"):
        return "there is no state"
    pending = len(found.get("pending_operations") or [])
    return f"{pending} operations have no end" if pending else ""


def checks_of_all() -> tuple[Check, ...]:
    """Of every tenant: its state, and what each step asks."""
    return (state_is_whole, *(check for step in steps() for check in step.checks))
