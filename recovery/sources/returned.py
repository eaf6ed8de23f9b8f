"""How a database comes back: beside the living one, from empty, stopping at the first error; then into its place.

The old one keeps its rows under another name, closed, until it is told to go. Nothing here looks at what is in it.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recovery.manifest import Part
from recovery.marker import Marker
from recovery.sources.logins import DatabaseLogin, Server
from recovery.sources.source import NotRestorable

if TYPE_CHECKING:
    import psycopg

__all__ = ["aside_name", "beside", "beside_name", "copies_of", "in_place", "named", "remove"]

MARK = "smarteros: restored from "
"""The comment on what is ours: nothing without it is ever dropped."""
_BESIDE = re.compile(r".+_restored_\d{8}_\d{6}")
"""Nobody else calls a database so: one that was killed before it had its comment is ours, too."""
LONGEST = 63
TRIES = 10
_EXISTS = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
_END = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


def beside_name(database: str, marker: Marker) -> str:
    """What a database is called while it comes back. Raises NotRestorable for a name that leaves no room for it."""
    return _longer(database, f"_restored_{marker.id.replace('-', '_')}")


def aside_name(database: str, marker: Marker) -> str:
    """What the old one is called afterwards."""
    return _longer(database, f"_before_{marker.id.replace('-', '_')}")


def beside(server: Server, dump: Path, part: Part, name: str, owner: str, *, tenant: bool) -> None:
    """A new database of that name, filled. What a killed run left goes first. Raises NotRestorable, SourceFailed."""
    from psycopg import sql

    facts = part.facts
    with server.connection() as connection:
        _refuse_anothers(connection, name)
        _dropped(connection, name)
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (owner,)).fetchone():
            raise NotRestorable(
                f"{part.name}: its owner, the role {owner}, is not on the server {server.name}. Fix: what makes it "
                f"first: ./smos up, or ./smos tenant apply {part.tenant or 'SLUG'}"
            )
        create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING {} {}")
        locale = sql.SQL(" ").join(_locale(facts))
        words = sql.Identifier(name), sql.Identifier(owner), sql.Literal(facts["encoding"]), locale
        connection.execute(create.format(*words))
        _commented(connection, name, part)
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
    with server.connection(name) as connection:
        for extension, schema, _version in json.loads(facts.get("extensions") or "null") or []:
            where, which = sql.Identifier(schema), sql.Identifier(extension)
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(where))
            connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {} SCHEMA {}").format(which, where))
    _filled(server, dump, part, name, owner, tenant=tenant)


def in_place(server: Server, database: str, name: str, marker: Marker, facts: Mapping[str, str]) -> str:
    """The two change names in one transaction; sessions at the old one are ended. What the living one allows to whom
    stays as it is. Answers the old one's name; empty where there was none. Raises NotRestorable.
    """
    import psycopg

    old = aside_name(database, marker)
    with server.connection() as connection:
        there = {one for one in (database, name, old) if connection.execute(_EXISTS, (one,)).fetchone()}
        if name not in there:
            if database in there:
                return old if old in there else ""  # an earlier run has done it
            raise NotRestorable(f"{server.name}: neither {database} nor {name} is there. Fix: restore it again")
        if {database, old} <= there:
            raise NotRestorable(
                f"{server.name}: {old} is there already, from an earlier restore. "
                "Fix: ./smos restore --remove-old first"
            )
        living = database in there
        _copy_rights(connection, database if living else "", name, facts)
        for attempt in range(TRIES):
            try:
                connection.execute(_END, (database,))
                connection.execute(_END, (name,))
                with connection.transaction():
                    _renamed(connection, database, name, old, living=living, marker=marker)
                break
            except psycopg.errors.ObjectInUse:
                if attempt == TRIES - 1:
                    raise
    return old if living else ""


def named(server: Server, name: str, wanted: str, marker: Marker) -> None:
    """Gives what came back beside a name of its own, for good. Raises NotRestorable where something has it."""
    from psycopg import sql

    with server.connection() as connection:
        there = {one: connection.execute(_EXISTS, (one,)).fetchone() for one in (name, wanted)}
        if not there[name] and there[wanted] and str(there[wanted][0] or "").startswith(MARK):  # type: ignore[index] # it is there
            return  # an earlier run has done it
        if there[wanted]:
            raise NotRestorable(f"{server.name}: the database {wanted} is there already. Fix: another name after --to")
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        connection.execute(rename.format(sql.Identifier(name), sql.Identifier(wanted)))


def remove(server: Server, old: str) -> None:
    """Drops what a restore left aside, or made beside. Raises NotRestorable for anything else."""
    with server.connection() as connection:
        _refuse_anothers(connection, old)
        _dropped(connection, old)


def copies_of(server: Server) -> list[str]:
    """What restores have left on a server: old ones set aside, and ones beside."""
    query = "SELECT datname FROM pg_database WHERE starts_with(shobj_description(oid, 'pg_database'), %s) ORDER BY 1"
    with server.connection() as connection:
        return [str(name) for (name,) in connection.execute(query, (MARK,))]


def _filled(server: Server, dump: Path, part: Part, name: str, owner: str, *, tenant: bool) -> None:
    inside = DatabaseLogin(server, name, owner, tenant=tenant)
    arguments = ["--exit-on-error", "--single-transaction", "--no-owner", f"--role={owner}", f"--dbname={name}"]
    with inside.login() as login, tempfile.TemporaryFile() as errors:
        with inside.run(login, "pg_restore", *arguments, str(dump), stdin=subprocess.DEVNULL, stderr=errors) as process:
            code = process.wait(7200)
        if code != 0:
            errors.seek(0)
            raise server.failed(errors.read().decode(errors="replace"), f"pg_restore of {part.name} into {name}")


def _renamed(
    connection: psycopg.Connection[Any], database: str, name: str, old: str, *, living: bool, marker: Marker
) -> None:
    from psycopg import sql

    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    if living:
        connection.execute(rename.format(sql.Identifier(database), sql.Identifier(old)))
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(old)))
        text = sql.Literal(f"{MARK}{marker.id}: the one before")
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(old), text))
    connection.execute(rename.format(sql.Identifier(name), sql.Identifier(database)))
    connection.execute(sql.SQL("COMMENT ON DATABASE {} IS NULL").format(sql.Identifier(database)))


def _copy_rights(connection: psycopg.Connection[Any], living: str, name: str, facts: Mapping[str, str]) -> None:
    """Who may connect, how many, with which settings: as the living one has it; without one, as the backup says."""
    from psycopg import sql

    there = _rights(connection, living) if living else None
    acl, limit, settings = there or (facts.get("acl") or "", facts.get("limit") or "-1", _list(facts.get("settings")))
    target = sql.Identifier(name)
    for grantee, privilege in _granted(connection, acl):
        to = sql.SQL("PUBLIC") if grantee == "" else sql.Identifier(grantee)
        connection.execute(sql.SQL("GRANT {} ON DATABASE {} TO {}").format(sql.SQL(privilege), target, to))
    connection.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(target, sql.Literal(int(limit))))
    for setting in settings:
        key, _, value = setting.partition("=")
        words = target, sql.Identifier(key), sql.Literal(value)
        connection.execute(sql.SQL("ALTER DATABASE {} SET {} TO {}").format(*words))


def _rights(connection: psycopg.Connection[Any], database: str) -> tuple[str, str, list[str]] | None:
    query = """
    SELECT coalesce(datacl::text, ''), datconnlimit::text,
    (SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = d.oid AND setrole = 0)
    FROM pg_database d WHERE datname = %s
    """
    row = connection.execute(query, (database,)).fetchone()
    return (str(row[0]), str(row[1]), list(row[2] or [])) if row else None


def _granted(connection: psycopg.Connection[Any], acl: str) -> list[tuple[str, str]]:
    """To whom what; of roles that are there. An empty list of rights is PostgreSQL's own default."""
    import psycopg

    if not acl or acl == "null":
        return []
    query = """
    SELECT coalesce(r.rolname, ''), a.privilege_type FROM aclexplode(%s::aclitem[]) a
    LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE a.grantee = 0 OR r.oid IS NOT NULL
    """
    try:
        return [(str(role), str(right)) for role, right in connection.execute(query, (acl,))]
    except psycopg.errors.UndefinedObject:  # it names a role that is not on this server: what makes that, grants it
        return []


def _list(text: str | None) -> list[str]:
    found = json.loads(text) if text else None
    return [str(one) for one in found or []]


def _locale(facts: Mapping[str, str]) -> list[Any]:
    from psycopg import sql

    words: list[Any] = [
        sql.SQL("LC_COLLATE {}").format(sql.Literal(facts["collate"])),
        sql.SQL("LC_CTYPE {}").format(sql.Literal(facts["ctype"])),
    ]
    if facts.get("provider") == "i":
        words += [sql.SQL("LOCALE_PROVIDER icu ICU_LOCALE {}").format(sql.Literal(facts["locale"]))]
    if facts.get("provider") == "b":
        words += [sql.SQL("LOCALE_PROVIDER builtin BUILTIN_LOCALE {}").format(sql.Literal(facts["locale"]))]
    return words


def _refuse_anothers(connection: psycopg.Connection[Any], name: str) -> None:
    found = connection.execute(_EXISTS, (name,)).fetchone()
    if found and not str(found[0] or "").startswith(MARK) and not _BESIDE.fullmatch(name):
        raise NotRestorable(
            f"the database {name} is there, and no restore made it: nothing is written into it, and it is not dropped. "
            "Fix: another name (--to), or rename it yourself"
        )


def _dropped(connection: psycopg.Connection[Any], name: str) -> None:
    from psycopg import sql

    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _commented(connection: psycopg.Connection[Any], name: str, part: Part) -> None:
    from psycopg import sql

    text = sql.Literal(f"{MARK}{part.snapshot}")
    connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), text))


def _longer(database: str, suffix: str) -> str:
    if len(database) + len(suffix) > LONGEST or not re.fullmatch(r"[^\x00/]+", database):
        raise NotRestorable(
            f"{database}: with {suffix} its name would have more than {LONGEST} characters. Fix: rename it"
        )
    return database + suffix
