"""What keeps a role from being dropped: rights that others gave it on what is theirs, and what it left in databases
that are not its own. PostgreSQL asks nobody who is given something, and drops no role that has been.

It is asked of `pg_shdepend`, which knows all databases, and taken back in each: a right in the name of who gave it, a
policy in the name of the table's owner, and what belongs to the role itself goes. No code of anybody's runs in that:
REVOKE, ALTER POLICY and DROP OWNED call no function, and names are looked up in `pg_catalog` alone. A session that
holds a lock on such a thing, or on the role, for longer than `QUESTION` waits for locks, is ended.

Not taken back here: what stands in the role's own databases, which go before it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

__all__ = ["Connect", "Dependent", "end_holders", "release"]

Connect = Callable[[str], psycopg.Connection[Any]]
"""A connection to a database, each statement by itself, of who may act in the name of those who gave."""
TRIES = 3
"""Somebody may give it again meanwhile."""

_WHERE = """
SELECT DISTINCT coalesce(b.datname, '') FROM pg_shdepend d LEFT JOIN pg_database b ON b.oid = d.dbid
WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = to_regrole(%(role)s)
AND d.classid <> 'pg_auth_members'::regclass AND (%(owned)s OR d.deptype <> 'o')
AND (d.dbid = 0 AND d.deptype <> 'o' OR d.dbid <> 0 AND b.datdba <> d.refobjid) ORDER BY 1
"""
_WHAT = """
SELECT DISTINCT d.classid::regclass::text, d.objid, d.deptype::text FROM pg_shdepend d
WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = to_regrole(%(role)s)
AND d.dbid = CASE WHEN %(shared)s THEN 0 ELSE (SELECT oid FROM pg_database WHERE datname = current_database()) END
AND d.classid <> 'pg_auth_members'::regclass AND (d.deptype <> 'o' OR %(owned)s AND NOT %(shared)s) ORDER BY 3, 1, 2
"""
# Class → its catalogue, the column with the rights, how REVOKE calls it, and its name.
_RIGHTS = {
    "pg_class": ("pg_class", "relacl", "CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END", "oid::regclass"),
    "pg_proc": ("pg_proc", "proacl", "'ROUTINE'", "oid::regprocedure"),
    "pg_namespace": ("pg_namespace", "nspacl", "'SCHEMA'", "oid::regnamespace"),
    "pg_type": ("pg_type", "typacl", "'TYPE'", "oid::regtype"),
    "pg_language": ("pg_language", "lanacl", "'LANGUAGE'", "quote_ident(lanname)"),
    "pg_largeobject": ("pg_largeobject_metadata", "lomacl", "'LARGE OBJECT'", "oid"),
    "pg_foreign_server": ("pg_foreign_server", "srvacl", "'FOREIGN SERVER'", "quote_ident(srvname)"),
    "pg_foreign_data_wrapper": ("pg_foreign_data_wrapper", "fdwacl", "'FOREIGN DATA WRAPPER'", "quote_ident(fdwname)"),
    "pg_database": ("pg_database", "datacl", "'DATABASE'", "quote_ident(datname)"),
    "pg_tablespace": ("pg_tablespace", "spcacl", "'TABLESPACE'", "quote_ident(spcname)"),
}
_GIVEN = """
SELECT DISTINCT {word}, {name}::text, pg_get_userbyid(a.grantor) FROM {catalogue} t, LATERAL aclexplode({column}) a
WHERE t.oid = %(oid)s AND a.grantee = to_regrole(%(role)s)
"""
_GIVEN_COLUMNS = """
SELECT DISTINCT 'TABLE', attrelid::regclass::text, pg_get_userbyid(a.grantor) FROM pg_attribute, aclexplode(attacl) a
WHERE attrelid = %(oid)s AND a.grantee = to_regrole(%(role)s)
"""
_KINDS = {"r": "TABLES", "S": "SEQUENCES", "f": "ROUTINES", "T": "TYPES", "n": "SCHEMAS", "L": "LARGE OBJECTS"}
_DEFAULT = "SELECT defaclobjtype, pg_get_userbyid(defaclrole), nspname FROM pg_default_acl d LEFT JOIN pg_namespace n "
_DEFAULT += "ON n.oid = d.defaclnamespace WHERE d.oid = %(oid)s"
_POLICY = """
SELECT polname, polrelid::regclass::text, pg_get_userbyid(relowner),
array(SELECT rolname FROM pg_roles r WHERE r.oid = ANY (polroles) AND r.oid <> to_regrole(%(role)s))
FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid WHERE pg_policy.oid = %(oid)s
"""
_HELD = """
SELECT pg_terminate_backend(pid, 5000) FROM (SELECT DISTINCT pid FROM pg_locks WHERE granted AND pid <> pg_backend_pid()
AND (locktype = 'relation' AND relation = %(oid)s OR locktype = 'object' AND objid = %(oid)s)) held
"""


@dataclass(frozen=True)
class Dependent:
    """What could not be taken back: where, why, and the statement that does it."""

    database: str
    giver: str
    statement: str
    why: str

    def __str__(self) -> str:
        return f"in {self.database}, in the name of {self.giver}: {self.statement} ({self.why})"


@dataclass(frozen=True)
class _Act:
    """One statement, in the name of a role, about a thing."""

    oid: int
    giver: str
    statement: sql.Composed


def release(connect: Connect, role: str, *, owned: bool = True) -> list[Dependent]:
    """Takes back what keeps the role; what is left. `owned`: what is the role's own goes, too: never of a role that
    stays. Raises psycopg.Error where nothing can be asked.
    """
    left: list[Dependent] = []
    with connect("postgres") as connection:
        end_holders(connection, role)
        for _ in range(TRIES):
            found = [str(name) for (name,) in connection.execute(_WHERE, {"role": role, "owned": owned}).fetchall()]
            if not found:
                return []
            left = [one for name in found for one in _released_in(connect, name, role, owned)]
            if left:
                break
    return left


def end_holders(connection: psycopg.Connection[Any], role: str) -> None:
    """Whoever is about to give a role something holds it until the end of the transaction: it is ended."""
    row = connection.execute("SELECT to_regrole(%s)::oid", (role,)).fetchone()
    if row and row[0]:
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):  # of an administrator's: waited for
            connection.execute(_HELD, {"oid": row[0]})


def _released_in(connect: Connect, database: str, role: str, owned: bool) -> Iterator[Dependent]:
    """`database`: "" for what all share."""
    name = database or "postgres"
    try:
        with connect(name) as connection:
            for act in list(_acts(connection, role, shared=not database, owned=owned)):
                if why := _done(connection, act):
                    yield Dependent(name, act.giver, act.statement.as_string(connection), why)
    except psycopg.OperationalError as error:
        statement = f'DROP OWNED BY "{role}"'
        yield Dependent(name, "an administrator", statement, str(error).strip().splitlines()[-1])


def _acts(connection: psycopg.Connection[Any], role: str, *, shared: bool, owned: bool) -> Iterator[_Act]:
    whose, owns, last = sql.Identifier(role), False, 0
    for class_, oid, how in connection.execute(_WHAT, {"role": role, "shared": shared, "owned": owned}).fetchall():
        asked = {"oid": oid, "role": role}
        if how == "r":
            yield from _policy(connection, asked, whose)
        elif how == "a" and class_ == "pg_default_acl":
            yield from _defaults(connection, asked, whose)
        elif how == "a" and class_ in _RIGHTS:
            yield from _rights(connection, class_, asked, whose)
        else:
            owns, last = True, oid
    if owns and owned:
        yield _Act(last, "", sql.SQL("DROP OWNED BY {} CASCADE").format(whose))


def _rights(
    connection: psycopg.Connection[Any], class_: str, asked: dict[str, Any], whose: sql.Identifier
) -> Iterator[_Act]:
    catalogue, column, word, name = _RIGHTS[class_]
    parts = {"catalogue": catalogue, "column": column, "word": word, "name": name}
    query = sql.SQL(_GIVEN).format(**{key: sql.SQL(value) for key, value in parts.items()})
    found = connection.execute(query, asked).fetchall()
    if class_ == "pg_class":
        found += connection.execute(_GIVEN_COLUMNS, asked).fetchall()
    for kind, thing, giver in found:
        words = sql.SQL(kind), sql.SQL(thing), whose  # both as PostgreSQL itself quotes them
        yield _Act(asked["oid"], str(giver), sql.SQL("REVOKE ALL ON {} {} FROM {} CASCADE").format(*words))


def _defaults(connection: psycopg.Connection[Any], asked: dict[str, Any], whose: sql.Identifier) -> Iterator[_Act]:
    for kind, giver, schema in connection.execute(_DEFAULT, asked).fetchall():
        inside = sql.SQL(" IN SCHEMA {}").format(sql.Identifier(schema)) if schema else sql.SQL("")
        words = sql.Identifier(giver), inside, sql.SQL(_KINDS[kind]), whose
        text = "ALTER DEFAULT PRIVILEGES FOR ROLE {}{} REVOKE ALL ON {} FROM {} CASCADE"
        yield _Act(asked["oid"], str(giver), sql.SQL(text).format(*words))


def _policy(connection: psycopg.Connection[Any], asked: dict[str, Any], whose: sql.Identifier) -> Iterator[_Act]:
    """The others keep it; of a policy for this role alone nothing is left."""
    for name, table, owner, others in connection.execute(_POLICY, asked).fetchall():
        words = {"policy": sql.Identifier(name), "table": sql.SQL(table)}
        if others:
            to = sql.SQL(", ").join(map(sql.Identifier, others))
            statement = sql.SQL("ALTER POLICY {policy} ON {table} TO {to}").format(**words, to=to)
        else:
            statement = sql.SQL("DROP POLICY {policy} ON {table}").format(**words)
        yield _Act(asked["oid"], str(owner), statement)


def _done(connection: psycopg.Connection[Any], act: _Act) -> str:
    """Why not; nothing when it is. A thing that is gone meanwhile is done."""
    for again in (False, True):
        try:
            with connection.transaction():
                if act.giver:
                    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(act.giver)))
                connection.execute(act.statement)
            return ""
        except (psycopg.errors.UndefinedObject, psycopg.errors.UndefinedTable):
            return ""
        except psycopg.errors.LockNotAvailable as error:
            if again:
                return str(error).splitlines()[0]
            with contextlib.suppress(psycopg.Error):
                connection.execute(_HELD, {"oid": act.oid})
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            return str(error).splitlines()[0]
    return ""
