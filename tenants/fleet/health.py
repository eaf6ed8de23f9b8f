"""When a tenant is well: its state holds no operation without an end, and its database answers its own login.

A suspended tenant is well when its database refuses that login. Each check is a function, and more can be handed in:
what an application of a tenant must answer will be one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from deploy.vault_api import VaultRefused
from tenants.ground import Ground
from tenants.model import Tenant
from tenants.state import deployment
from tenants.vault_session import VaultSession
from tenants.workfolder import folder_of

__all__ = ["CHECKS", "Check", "database_answers", "state_is_whole", "unwell"]

Check = Callable[[Ground, Tenant, VaultSession | None], str]
"""Why the tenant is not well; nothing when it is. Raises what it likes: then that is why."""


def unwell(ground: Ground, tenant: Tenant, session: VaultSession | None, checks: Sequence[Check] | None = None) -> str:
    """The first reason why a tenant is not well; nothing when it is."""
    for check in CHECKS if checks is None else checks:
        try:
            why = check(ground, tenant, session)
        except Exception as error:  # a check that can't be made is a tenant that is not known to be well
            why = f"{type(error).__name__}: {error}".strip()
        if why:
            return f"{check.__name__.replace('_', ' ')}: {why}"
    return ""


def state_is_whole(ground: Ground, tenant: Tenant, _session: VaultSession | None) -> str:
    """It has resources, and nothing in it was begun without an end."""
    found = deployment(ground.place, folder_of(ground.place, tenant.slug), ground.project_of(tenant.slug), tenant.slug)
    if not found or not found.get("resources"):
        return "there is no state"
    pending = len(found.get("pending_operations") or [])
    return f"{pending} operations have no end" if pending else ""


def database_answers(ground: Ground, tenant: Tenant, session: VaultSession | None) -> str:
    """With what the tenant's applications find in Vault; without Vault, as the provisioner in the owner's name."""
    import psycopg

    from apps.time_limits import connected

    server, name = ground.platform.server, tenant.names.database
    user, password, role = server.login, ground.secrets.provisioner_password, name
    if session is not None:
        try:
            told = session.api.ask("GET", f"{tenant.names.mount}/data/database", token=session.token())
        except VaultRefused as refused:
            return f"its login is not in Vault ({refused})"
        data = told["data"]["data"]
        user, password, role = str(data["user"]), str(data["password"]), ""
    is_open = tenant.state == "active"
    try:
        where = {"host": "127.0.0.1", "port": server.local_port, "dbname": name, "sslmode": server.sslmode}
        with connected({**where, "user": user, "password": password}, role=role) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError as error:
        return str(error).strip().splitlines()[-1] if is_open else ""
    return "" if is_open or session is None else "it lets the login of a suspended tenant in"


CHECKS: tuple[Check, ...] = (state_is_whole, database_answers)
