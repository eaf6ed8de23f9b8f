"""PostgreSQL databases, in a real server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString

from psycopg import sql

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import Between, Must, Pattern
from sandbox.core.values import Props, Value
from sandbox.postgresql.connection import (
    PROVIDER,
    Connection,
    acting,
    as_owner,
    changed,
    connected,
    kept,
    one,
    run,
    telling,
)
from sandbox.postgresql.types.role import LARGEST_INTEGER, NAME_RULE, name_rules

__all__ = ["TYPES"]

DATABASE_GO = f"{PROVIDER}/resource_postgresql_database.go"
EXTENSION_GO = f"{PROVIDER}/resource_postgresql_extension.go"
SCHEMA_GO = f"{PROVIDER}/resource_postgresql_schema.go"
CREATE_DATABASE = "https://www.postgresql.org/docs/current/sql-createdatabase.html"
CREATE_SCHEMA = "https://www.postgresql.org/docs/current/sql-createschema.html"

CLAUSES: tuple[tuple[LiteralString, str, str, bool], ...] = (
    ("TEMPLATE", "template", "template0", True),
    ("TABLESPACE", "tablespaceName", "", True),
    ("ENCODING", "encoding", "UTF8", False),
    ("LC_COLLATE", "lcCollate", "", False),
    ("LC_CTYPE", "lcCtype", "", False),
)
"""(clause, input, default, whether the value is an identifier); the default "" leaves the clause out."""
READ = (
    "owner",
    "encoding",
    "lcCollate",
    "lcCtype",
    "tablespaceName",
    "connectionLimit",
    "allowConnections",
    "isTemplate",
)


def _clauses(inputs: Props, me: str) -> sql.Composable:
    parts: list[sql.Composable] = [sql.SQL("OWNER {}").format(sql.Identifier(str(inputs.get("owner") or me)))]
    for word, key, default, quoted in CLAUSES:
        value = str(inputs.get(key) or default)
        if value:
            literal: sql.Composable = sql.Identifier(value) if quoted else sql.Literal(value)
            parts.append(sql.SQL(word) + sql.SQL(" ") + (sql.SQL("DEFAULT") if value.upper() == "DEFAULT" else literal))
    parts.append(sql.SQL("ALLOW_CONNECTIONS {}").format(sql.Literal(bool(inputs.get("allowConnections", True)))))
    parts.append(sql.SQL("CONNECTION LIMIT {}").format(sql.Literal(int(inputs.get("connectionLimit", -1)))))
    parts.append(sql.SQL("IS_TEMPLATE {}").format(sql.Literal(bool(inputs.get("isTemplate", False)))))
    return sql.SQL(" ").join(parts)


def _create_database(computing: Computing) -> Mapping[str, Any]:
    inputs = computing.inputs
    name = str(inputs["name"])
    with as_owner(computing, str(inputs.get("owner") or "")) as connection:
        with telling(f'error creating database "{name}"'):
            run(connection, "CREATE DATABASE {} {}", name, _clauses(inputs, acting(computing.config)))
        return {"id": name, **(_database(connection, name) or {})}


def _database(connection: Connection, name: str) -> dict[str, Any] | None:
    found = one(
        connection,
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype, spcname, datconnlimit,"
        " datallowconn, datistemplate FROM pg_database JOIN pg_tablespace ON dattablespace = pg_tablespace.oid"
        " WHERE datname = %s",
        name,
    )
    return dict(zip(READ, found, strict=True)) if found else None


def _update_database(computing: Computing, old: Props) -> Mapping[str, Any]:
    inputs = computing.inputs
    name, before, owner = str(inputs["name"]), str(old["name"]), str(inputs.get("owner") or "")
    if owner and changed(inputs, old, "owner") and inputs.get("alterObjectOwnership"):
        _reassign(computing, before, owner)
    if owner and changed(inputs, old, "owner"):
        with as_owner(computing, owner) as connection, telling("error updating database OWNER"):
            run(connection, "ALTER DATABASE {} OWNER TO {}", before, owner)
    with connected(computing, transaction=False) as connection:
        if name != before:
            with telling("error updating database name"):
                run(connection, "ALTER DATABASE {} RENAME TO {}", before, name)
        if changed(inputs, old, "tablespaceName") and inputs.get("tablespaceName"):
            with telling("error updating database TABLESPACE"):
                run(connection, "ALTER DATABASE {} SET TABLESPACE {}", name, str(inputs["tablespaceName"]))
        if changed(inputs, old, "connectionLimit"):
            with telling("error updating database CONNECTION LIMIT"):
                run(connection, "ALTER DATABASE {} CONNECTION LIMIT = {}", name, int(inputs.get("connectionLimit", -1)))
        if changed(inputs, old, "allowConnections"):
            with telling("error updating database ALLOW_CONNECTIONS"):
                allowed = bool(inputs.get("allowConnections", True))
                run(connection, "ALTER DATABASE {} ALLOW_CONNECTIONS {}", name, allowed)
        if changed(inputs, old, "isTemplate"):
            with telling("error updating database IS_TEMPLATE"):
                run(connection, "ALTER DATABASE {} IS_TEMPLATE {}", name, bool(inputs.get("isTemplate", False)))
        return {"id": name, **(_database(connection, name) or {})}


def _reassign(computing: Computing, name: str, owner: str) -> None:
    with connected(computing) as connection:
        found = _database(connection, name)
    before = str(found["owner"]) if found else owner
    if before != owner:
        saying = telling(f"error reassigning objects owned by '{before}'")
        with as_owner(computing, before), connected(computing, name) as connection, saying:
            run(connection, "REASSIGN OWNED BY {} TO {}", before, owner)


def _delete_database(computing: Computing) -> None:
    inputs = computing.inputs
    name, owner = str(inputs["name"]), str(inputs.get("owner") or "")
    with as_owner(computing, owner) as connection:
        if inputs.get("isTemplate"):
            with telling("error updating database IS_TEMPLATE during DROP DATABASE"):
                run(connection, "ALTER DATABASE {} IS_TEMPLATE false", name)
        with telling("error blocking connections to database"):
            run(connection, "ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
        with telling("error terminating database connections"):
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                (name,),
            )
        with telling("error dropping database"):
            run(connection, "DROP DATABASE {} WITH (FORCE)", name)


def _read_database(computing: Computing) -> Mapping[str, Any] | None:
    name = str(computing.inputs.get("name") or computing.id)
    with connected(computing) as connection:
        found = _database(connection, name)
    return {"name": name, **found} if found else None


def _locale(value: Value, _: Props) -> bool:
    return value.upper() == "DEFAULT" or value in ("C", "POSIX") or "." in value or "_" in value


TYPES = (
    ResourceType(
        token="postgresql:index/database:Database",
        about="A database of a server. Deleting it ends its connections and loses its data.",
        sources=(DATABASE_GO, CREATE_DATABASE),
        properties=(
            *("allowConnections", "alterObjectOwnership", "connectionLimit", "encoding", "isTemplate", "lcCollate"),
            *("lcCtype", "name", "owner", "tablespaceName", "template"),
        ),
        named_by="name",
        autoname=lambda name, seed: f"{name}-{seed.hex()[:7]}",
        rules=(
            NAME_RULE,
            Between(path="connectionLimit", least=-1, most=LARGEST_INTEGER, source=DATABASE_GO),
            *name_rules("owner", "template", "tablespaceName", optional=True),
            Pattern(
                path="encoding",
                regex=r"(?i)default|UTF-?8|SQL_ASCII|LATIN\d{1,2}|WIN\d{3,4}|ISO_8859_\d{1,2}|KOI8[RU]|EUC_\w+",
                says="is not a valid encoding name, e.g. UTF8",
                code="42704",
                source="https://www.postgresql.org/docs/current/multibyte.html",
            ),
            *(
                Must(
                    path=name,
                    test=_locale,
                    says="is not a locale, e.g. C or en_US.utf8",
                    code="42809",
                    source="https://www.postgresql.org/docs/current/locale.html",
                )
                for name in ("lcCollate", "lcCtype")
            ),
        ),
        id=lambda c: str(c.inputs["name"]),
        computed={
            **{name: kept(name) for name in (*READ[:5], "isTemplate")},
            "template": lambda c: c.inputs.get("template") or "template0",
        },
        defaults={"allowConnections": True, "alterObjectOwnership": False, "connectionLimit": -1},
        replaces=("template", "encoding", "lcCollate", "lcCtype"),
        compares=(*READ, "alterObjectOwnership", "name", "template"),
        state_only=True,
        on_create=_create_database,
        on_update=_update_database,
        on_delete=_delete_database,
        on_read=_read_database,
        not_checked=("what the server itself checks (owners, locales, templates): it answers in its own words",),
    ),
)
