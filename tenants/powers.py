"""Powers over all tenants' data that somebody gave a tenant's role by hand: the server's administrator takes them.

The provisioner may neither take them nor do anything in the name of a role that has them, so nothing of the tenant
could be mended or ended. The administrator's password is read for this alone.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from deploy.guards import NotReady
from kept.say import Say
from provider.time_limits import connected
from tenants.names import TenantNames
from tenants.secrets import administrator_password
from tenants.session import PlatformSession
from tenants.steps import owners_of

__all__ = ["take_powers"]

_WITH_POWERS = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND (rolsuper OR rolreplication OR rolbypassrls)"
_TAKE = "ALTER ROLE {} NOSUPERUSER NOREPLICATION NOBYPASSRLS"


def take_powers(session: PlatformSession, names: TenantNames, say: Say) -> bool:
    """Whether there were any. Raises NotReady when they can't be taken, with the statement that takes them."""
    server = session.platform.server
    try:
        with _connected(session, server.login, session.secrets.provisioner_password) as connection:
            roles = list(owners_of(names))
            found = [str(name) for (name,) in connection.execute(_WITH_POWERS, (roles,)).fetchall()]
        for role in found:
            _take(session, role)
            say(f"PostgreSQL {server.name}: the role {role} had powers over others' data; they are taken from it")
    except psycopg.Error as error:
        raise NotReady(f"PostgreSQL {server.name}, roles' powers: {str(error).splitlines()[0]}") from None
    return bool(found)


def _take(session: PlatformSession, role: str) -> None:
    name = session.platform.server.name
    admin = session.settings.database_server(name).placement.admin
    password = administrator_password(session.place, session.platform)
    statement = _TAKE.format(f'"{role}"')
    if not password:
        raise NotReady(
            f"PostgreSQL {name}: somebody gave the role {role} powers over others' data, and the keyring here has no "
            f"administrator's password to take them. Fix: as the server's administrator: {statement}"
        )
    with _connected(session, admin, password) as connection:
        connection.execute(sql.SQL(_TAKE).format(sql.Identifier(role)))


def _connected(session: PlatformSession, user: str, password: str) -> psycopg.Connection[tuple[object, ...]]:
    server = session.platform.server
    where = {"host": "127.0.0.1", "port": server.local_port, "user": user, "password": password}
    return connected({**where, "dbname": "postgres", "sslmode": server.sslmode, "autocommit": True})
