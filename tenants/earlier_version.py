"""What an earlier version of this program left of a tenant, so that it can be taken down without an `apply` before.

A `destroy` runs no program: the provider deletes each thing by what the state says of it. States of before say that
what a role owns is to be given to the login, which PostgreSQL refuses (42501); and a second `apply` of before took it
from the provisioner, without which nobody here may drop its database (terraform-provider-postgresql, isMemberOfRole:
the membership that PostgreSQL itself gives to whoever makes a role has no SET option, and does not count).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

from deploy.engine_run import run
from deploy.repair import exported
from deploy.target import RunTarget
from kept.say import Say
from tenants.archive.login import provisioner
from tenants.session import PlatformSession
from tenants.state import resources_of

__all__ = ["as_of_today", "ready_to_end"]

ROLE = "postgresql:index/role:Role"
KEPT = "skipReassignOwned"
_NOT_LENT = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND NOT pg_has_role(current_user, oid, 'USAGE')"


def ready_to_end(session: PlatformSession, there: RunTarget, slug: str, found: Mapping[str, Any], say: Say) -> None:
    """Before everything of a tenant goes. `found`: its state."""
    roles = [one for one in resources_of(found) if one["type"] == ROLE]
    if any(not (one.get("outputs") or {}).get(KEPT) for one in roles):
        content = exported(there, there.project, slug)
        mended = json.dumps({**content, "deployment": as_of_today(content["deployment"])})
        run(there, there.project, "stack", "import", "--stack", slug, capture=True, stdin=mended)
        say(f"tenant {slug}: its state is of an earlier version; what its roles own goes with them")
    _lent(session, [str(one["inputs"]["name"]) for one in roles])


def as_of_today(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """The deployment, whose roles end as those that are made today."""
    return {**deployment, "resources": [_ending(one) for one in deployment.get("resources") or []]}


def _ending(one: dict[str, Any]) -> dict[str, Any]:
    if one["type"] != ROLE:
        return one
    return {**one, **{side: {**(one.get(side) or {}), KEPT: True} for side in ("inputs", "outputs")}}


def _lent(session: PlatformSession, roles: list[str]) -> None:
    """The provisioner has the rights of these. What it may not have is told by the deletion that needs it."""
    server = session.platform.server
    try:
        with provisioner(server, session.secrets.provisioner_password) as connection:
            for (role,) in connection.execute(_NOT_LENT, (roles,)).fetchall():
                connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(str(role))))
    except psycopg.Error:
        return
