"""The program of a tenant's stack as a run starts it: watched, so that each creation has its intent noted first.

What is declared is `tenants.stack`'s business, when it is run `tenants.lifecycle`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy.open_intents import journal_of
from deploy.take_over import Claims, take_over
from deploy.target import RunTarget
from intents.known import known_in
from kept.say import Say
from tenants.inline import Importing, Program
from tenants.model import Tenant
from tenants.secrets import derived_key
from tenants.session import PlatformSession
from tenants.state import deployment

__all__ = ["program_of", "taken_over"]


def program_of(session: PlatformSession, tenant: Tenant, found: Mapping[str, Any] | None) -> Importing:
    """What the engine runs. `found`: the stack's state; its marks are read while the engine starts.

    Raises NotReady without the key of which what it has of its own is derived: the program would end in a traceback.
    """
    if tenant.has_own_instances:
        derived_key(session.secrets.root_key, "", tenant.rut)
    journal = journal_of(session.place, session.project_of(tenant.slug), tenant.slug)

    def imported() -> Program:
        from intents.watch import begin
        from tenants.stack import program

        declare = program(tenant, session.platform, session.secrets, session.settings)

        def watched() -> None:
            begin(known_in(found or {}), journal)
            declare()

        return watched

    return imported


def taken_over(
    session: PlatformSession,
    there: RunTarget,
    slug: str,
    found: dict[str, Any] | None,
    say: Say,
    claims: Claims,
    *,
    anew: bool = False,
) -> dict[str, Any] | None:
    """The stack's state after what an earlier run made unknowingly was taken into it. `anew`: the state was mended
    since `found` was read.
    """
    project = session.project_of(slug)
    now = deployment(there, there.project, project, slug) if anew else found
    taken = take_over(there, session.settings, slug, now or {}, say, claims, project=project, folder=there.project)
    return deployment(there, there.project, project, slug) if taken else now
