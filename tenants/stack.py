"""The program of one tenant's stack: its steps, in order, and what others may know of it. It knows no step by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi import Input, Output

from tenants.model import Tenant
from tenants.platform import Platform
from tenants.providers import Providers
from tenants.secrets import TenantSecrets
from tenants.steps import steps
from tenants.steps.step import StepContext

if TYPE_CHECKING:
    from settings import Settings

__all__ = ["program"]

Pending = list[dict[str, str]]


def program(
    tenant: Tenant, platform: Platform, secrets: TenantSecrets, settings: Settings | None = None
) -> Callable[[], None]:
    """What the engine runs. It exports `tenant`, in which no secret is. `settings`: the platform's, of which a tenant
    with instances of its own needs the host.
    """
    every = steps()  # imported here, while the engine starts

    def declare() -> None:
        providers = Providers(platform, secrets, settings)
        known: dict[str, Any] = {
            "slug": tenant.slug,
            "rut": tenant.rut,
            "environment": platform.environment,
            "state": tenant.state,
        }
        logins: dict[str, Mapping[str, Input[str]]] = {}
        pending: list[Input[Pending]] = []
        for step in every:
            made = step.declare(
                StepContext(
                    tenant=tenant,
                    platform=platform,
                    secrets=secrets,
                    providers=providers,
                    known=dict(known),
                    logins=dict(logins),
                    platform_settings=settings,
                )
            )
            known |= made.known
            logins |= made.logins
            pending += [] if made.pending is None else [made.pending]
        pulumi.export("tenant", {**known, "pending": Output.all(*pending).apply(_joined) if pending else []})

    return declare


def _joined(lists: list[Pending]) -> Pending:
    return [one for some in lists for one in some]
