"""Whose a live stack is and where its data lies: a run that would give either away is refused. Asks only the state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy.guards import NotReady
from tenants.model import Tenant
from tenants.platform import Platform, Server
from tenants.state import outputs_of

__all__ = ["check_ownership", "refuse_other_environment", "refuse_other_server", "refuse_other_tenant"]


def check_ownership(
    found: Mapping[str, Any] | None, slug: str, platform: Platform, tenant: Tenant | None = None
) -> None:
    """Refuses a live stack that is another company's or lives elsewhere. `found`: its state, None when there is none.

    Without a file (`tenant`), it may be anybody's.
    """
    known = outputs_of(found or {}).get("tenant") or {}
    refuse_other_environment(known, slug, platform.environment)
    if tenant is not None:
        refuse_other_tenant(known, tenant)
    if known:
        refuse_other_server(known, slug, platform.server)


def refuse_other_environment(known: Mapping[str, Any], slug: str, stack: str) -> None:
    """The tenant lives on another platform: its data would be deleted there and not follow. `known`: what its stack
    exports, empty when there is none.
    """
    home = known.get("environment")
    if home and home != stack:
        raise NotReady(
            f"tenant {slug} lives on {home}; on {stack} its database would be a new, empty one. "
            f"Fix: --stack {home}; to move a tenant, its data is restored there first"
        )


def refuse_other_tenant(known: Mapping[str, Any], tenant: Tenant) -> None:
    """The stack is another company's: its database and secrets would become this one's."""
    rut, slug = known.get("rut"), tenant.slug
    if rut and rut != tenant.rut:
        raise NotReady(
            f"the live stack {slug} is of the tenant with RUT {rut}, its file says {tenant.rut}: the data of the one "
            f"would become the other's. Fix: rut: {rut} in its file, and another domain for {tenant.rut}. To "
            f"off-board {rut}, export what is to be kept and take its stack down first: "
            f"./smos tenant delete {slug} --no-export"
        )


def refuse_other_server(known: Mapping[str, Any], slug: str, server: Server) -> None:
    """The tenant's database is on another server than the settings say: it would not follow."""
    database = known.get("database") or {}
    for what, there, wanted in (
        ("database server", database.get("server"), server.name),
        ("database server's host", database.get("host"), server.host),
    ):
        if there and there != wanted:
            raise NotReady(
                f"tenant {slug} has its data on the {what} {there}, the platform's tenants are on {wanted}: its "
                f"database does not follow by itself. Fix: {there} in the settings again, then ./smos up. To move the "
                "tenant, export its data, take its stack down there, and restore into the new one"
            )
