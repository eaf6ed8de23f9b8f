"""A tenant's databases made ready for their end, which needs nothing of the tenant's consent.

An owner may shut its own database to everybody, let others in, set what it likes for every session, keep a prepared
transaction, give what is in it away, or take its own rights from itself. All of that is taken back as its owner, whose
member the provisioner is; no code of the tenant's runs in it. Only for a tenant whose doors are closed: sessions end.
"""

from __future__ import annotations

import contextlib
from typing import Any

import psycopg
from psycopg import sql

from deploy.guards import NotReady
from kept.say import Say
from provider.dependents import Dependent, release
from provider.time_limits import connected
from tenants.archive.login import provisioner
from tenants.names import TenantNames
from tenants.platform import Server
from tenants.powers import take_powers
from tenants.secrets import administrator_password
from tenants.session import PlatformSession
from tenants.steps import owners_of

__all__ = ["clear_the_way", "made_ready", "nothing_keeps"]

CONNECTIONS = 5
"""Who works in the database while it ends needs so many at least."""

_THERE = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = %(name)s), to_regrole(%(name)s) IS NOT NULL"
_GUESTS = """
SELECT DISTINCT CASE WHEN grantee = 0 THEN '' ELSE pg_get_userbyid(grantee) END FROM pg_database, aclexplode(datacl)
WHERE datname = %(name)s AND grantee <> datdba
"""
_SET_IN = """
SELECT d.datname FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
WHERE s.setrole = to_regrole(%(name)s)
"""
_END = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE (datname = %(name)s OR usename = %(name)s) AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_OTHERS = """
SELECT DISTINCT o.type, o.identity FROM pg_shdepend d JOIN pg_database b ON b.oid = d.dbid,
pg_identify_object(d.classid, d.objid, d.objsubid) o
WHERE b.datname = current_database() AND d.deptype = 'o' AND d.refobjid <> b.datdba AND d.objsubid = 0
AND d.refclassid = 'pg_authid'::regclass AND pg_has_role(current_user, d.refobjid, 'USAGE')
"""
# What pg_dump reads, and its owner has taken from itself.
_OWN = """
SELECT format('GRANT SELECT ON TABLE %%s TO %%I', c.oid::regclass, r.rolname) FROM pg_class c JOIN pg_roles r
ON r.oid = c.relowner WHERE r.rolname = %(name)s AND c.relkind IN ('r', 'p', 'S', 'v', 'm', 'f')
AND NOT has_table_privilege(r.oid, c.oid, 'SELECT')
UNION ALL SELECT format('GRANT USAGE ON SCHEMA %%I TO %%I', n.nspname, %(name)s::text) FROM pg_namespace n
WHERE n.nspname NOT LIKE 'pg\\_%%' AND NOT has_schema_privilege(%(name)s::text, n.oid, 'USAGE')
UNION ALL SELECT format('GRANT SELECT ON LARGE OBJECT %%s TO %%I', m.oid, r.rolname) FROM pg_largeobject_metadata m
JOIN pg_roles r ON r.oid = m.lomowner WHERE r.rolname = %(name)s AND m.lomacl IS NOT NULL
"""
_PREPARED = "SELECT gid, owner FROM pg_prepared_xacts WHERE database = current_database()"


def clear_the_way(session: PlatformSession, names: TenantNames, say: Say) -> None:
    """Of all that the tenant has on the server. Raises NotReady with what is in the way."""
    take_powers(session, names, say)  # in the name of a role that has them the provisioner may do nothing
    server, password = session.platform.server, session.secrets.provisioner_password
    for name in owners_of(names):
        try:
            for done in made_ready(server, password, name):
                say(f"PostgreSQL {server.name}: {name}: {done}")
        except psycopg.Error as error:
            why = str(error).strip().splitlines()[0]
            raise NotReady(f"PostgreSQL {server.name}: {name} can't be made ready for its end: {why}") from None


def made_ready(server: Server, password: str, name: str) -> list[str]:
    """One database and its owner, called the same; what was in the way. Raises psycopg.Error."""
    report: list[str] = []
    with provisioner(server, password) as connection:
        has_database, has_role = connection.execute(_THERE, {"name": name}).fetchone() or (False, False)
        if has_role:
            _settle_role(connection, name)
        if has_database:
            report += _settle_database(connection, name)
        connection.execute(_END, {"name": name})
    if not (has_database and has_role):
        return report
    with provisioner(server, password, name) as inside:
        for kind, identity in inside.execute(_OTHERS).fetchall():
            statement = sql.SQL("ALTER {} {} OWNER TO {}").format(
                sql.SQL(str(kind).upper()), sql.SQL(identity), sql.Identifier(name)
            )
            with contextlib.suppress(psycopg.errors.Error):  # an index, a column's sequence: they follow their table
                inside.execute(statement)
                report.append(f"{kind} {identity} was another's, and is its owner's now")
        for (statement,) in inside.execute(_OWN, {"name": name}).fetchall():
            inside.execute(sql.SQL(statement))
            report.append(f"{statement}: its owner had not the right to read it")
        for gid, owner in inside.execute(_PREPARED).fetchall():
            _roll_back(server, password, name, str(gid), str(owner))
            report.append("a prepared transaction was rolled back")
    return report


def _settle_role(connection: psycopg.Connection[Any], name: str) -> None:
    role = sql.Identifier(name)
    connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(role))
    connection.execute(sql.SQL("ALTER ROLE {} RESET ALL").format(role))
    for (database,) in connection.execute(_SET_IN, {"name": name}).fetchall():
        words = role, sql.Identifier(database)
        connection.execute(sql.SQL("ALTER ROLE {} IN DATABASE {} RESET ALL").format(*words))


def _settle_database(connection: psycopg.Connection[Any], name: str) -> list[str]:
    database, report = sql.Identifier(name), []
    for (guest,) in connection.execute(_GUESTS, {"name": name}).fetchall():
        whom = sql.Identifier(guest) if guest else sql.SQL("PUBLIC")
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM {} CASCADE").format(database, whom))
        report.append(f"{guest or 'everybody'} might connect to it, and may not any more")
    connection.execute(sql.SQL("GRANT ALL ON DATABASE {0} TO {0}").format(database))
    connection.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(database))
    connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true IS_TEMPLATE false").format(database))
    row = connection.execute("SELECT datconnlimit FROM pg_database WHERE datname = %s", (name,)).fetchone()
    if row and 0 <= row[0] < CONNECTIONS:
        words = database, sql.Literal(CONNECTIONS)
        connection.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(*words))
        report.append(f"it let {row[0]} connections in")
    return report


def _roll_back(server: Server, password: str, database: str, gid: str, owner: str) -> None:
    where = {
        "host": "127.0.0.1",
        "port": server.local_port,
        "user": server.login,
        "password": password,
        "dbname": database,
        "sslmode": server.sslmode,
        "autocommit": True,
    }
    with connected(where, role=owner) as connection:
        connection.execute(sql.SQL("ROLLBACK PREPARED {}").format(sql.Literal(gid)))


def nothing_keeps(session: PlatformSession, names: TenantNames, say: Say) -> None:
    """Whatever others gave the tenant's roles is taken back, where the provisioner may not by the server's
    administrator, whose password is read for this alone. Raises NotReady with what is left.
    """
    server, password = session.platform.server, session.secrets.provisioner_password
    for role in owners_of(names):
        try:
            left = release(lambda database: provisioner(server, password, database), role)
            if left and (word := administrator_password(session.place, session.platform)):
                say(f"PostgreSQL {server.name}: {role} has rights that only the administrator can take back")
                left = release(lambda database: _administrator(session, word, database), role)
        except psycopg.Error as error:
            raise NotReady(f"PostgreSQL {server.name}: {role}: {str(error).strip().splitlines()[0]}") from None
        if left:
            raise NotReady(_kept_by(server, role, left))


def _kept_by(server: Server, role: str, left: list[Dependent]) -> str:
    lines = "\n".join(f"  {one}" for one in left)
    return (
        f"PostgreSQL {server.name}: the role {role} can't go: others gave it rights, or it left something:\n{lines}\n"
        "Fix: these statements as the server's administrator, then the same command again"
    )


def _administrator(session: PlatformSession, password: str, database: str) -> psycopg.Connection[Any]:
    server = session.platform.server
    where = {
        "host": "127.0.0.1",
        "port": server.local_port,
        "user": session.settings.database_server(server.name).placement.admin,
        "password": password,
        "dbname": database,
        "sslmode": server.sslmode,
        "autocommit": True,
    }
    return connected(where)
