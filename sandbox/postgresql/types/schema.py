"""What is in a PostgreSQL database, in a real server: schemas and extensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg import sql

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import Must, Pattern, Required
from sandbox.core.values import Props
from sandbox.postgresql.connection import (
    PROVIDER,
    Connection,
    borrowed,
    changed,
    connected,
    database_of,
    exists,
    kept,
    one,
    run,
    telling,
)
from sandbox.postgresql.types.role import NAME_RULE

__all__ = ["TYPES"]

EXTENSION_GO = f"{PROVIDER}/resource_postgresql_extension.go"
SCHEMA_GO = f"{PROVIDER}/resource_postgresql_schema.go"
CREATE_SCHEMA = "https://www.postgresql.org/docs/current/sql-createschema.html"


def _target(computing: Computing) -> str:
    return str(computing.inputs.get("database") or database_of(computing.config))


def _target_id(computing: Computing) -> str:
    return f"{_target(computing)}.{computing.inputs['name']}"


def _gone(computing: Computing, database: str) -> bool:
    with connected(computing) as connection:
        return not exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", database)


def _create_extension(computing: Computing) -> Mapping[str, Any]:
    inputs = computing.inputs
    name = str(inputs["name"])
    parts: list[sql.Composable] = []
    if inputs.get("schema"):
        parts.append(sql.SQL("SCHEMA {}").format(sql.Identifier(str(inputs["schema"]))))
    if inputs.get("version"):
        parts.append(sql.SQL("VERSION {}").format(sql.Identifier(str(inputs["version"]))))
    if inputs.get("createCascade"):
        parts.append(sql.SQL("CASCADE"))
    with connected(computing, _target(computing)) as connection:
        with telling("error creating extension"):
            run(connection, "CREATE EXTENSION IF NOT EXISTS {} {}", name, sql.SQL(" ").join(parts))
        return {"id": _target_id(computing), "database": _target(computing), **(_extension(connection, name) or {})}


def _extension(connection: Connection, name: str) -> dict[str, Any] | None:
    found = one(
        connection,
        "SELECT nspname, extversion FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = %s",
        name,
    )
    return {"schema": found[0], "version": found[1]} if found else None


def _update_extension(computing: Computing, old: Props) -> Mapping[str, Any]:
    inputs = computing.inputs
    name = str(inputs["name"])
    with connected(computing, _target(computing)) as connection:
        if changed(inputs, old, "schema") and inputs.get("schema"):
            with telling("error updating extension SCHEMA"):
                run(connection, "ALTER EXTENSION {} SET SCHEMA {}", name, str(inputs["schema"]))
        if changed(inputs, old, "version"):
            with telling("error updating extension version"):
                if inputs.get("version"):
                    run(connection, "ALTER EXTENSION {} UPDATE TO {}", name, str(inputs["version"]))
                else:
                    run(connection, "ALTER EXTENSION {} UPDATE", name)
        return _extension(connection, name) or {}


def _delete_extension(computing: Computing) -> None:
    mode = sql.SQL("CASCADE" if computing.inputs.get("dropCascade") else "RESTRICT")
    with connected(computing, _target(computing)) as connection, telling("error deleting extension"):
        run(connection, "DROP EXTENSION {} {}", str(computing.inputs["name"]), mode)


def _read_extension(computing: Computing) -> Mapping[str, Any] | None:
    if _gone(computing, _target(computing)):
        return None
    with connected(computing, _target(computing)) as connection:
        return _extension(connection, str(computing.inputs["name"]))


def _owners(connection: Connection, inputs: Props) -> list[str]:
    found = one(connection, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()")
    owner = str(inputs.get("owner") or "")
    return [role for role in (str(found[0]) if found else "", owner) if role]


def _create_schema(computing: Computing) -> Mapping[str, Any]:
    inputs = computing.inputs
    name, owner = str(inputs["name"]), str(inputs.get("owner") or "")
    with connected(computing, _target(computing)) as connection:
        there = exists(connection, "SELECT 1 FROM pg_namespace WHERE nspname = %s", name)
        lenders = list(dict.fromkeys(_owners(connection, inputs)))
        with borrowed(connection, lenders), telling(f"error creating schema {name}"):
            if there and owner:
                run(connection, "ALTER SCHEMA {} OWNER TO {}", name, owner)
            elif not there:
                how = sql.SQL("IF NOT EXISTS" if inputs.get("ifNotExists", True) else "")
                who = sql.SQL("AUTHORIZATION {}").format(sql.Identifier(owner)) if owner else sql.SQL("")
                run(connection, "CREATE SCHEMA {} {} {}", how, name, who)
        return {"id": _target_id(computing), "database": _target(computing), **(_schema(connection, name) or {})}


def _schema(connection: Connection, name: str) -> dict[str, Any] | None:
    found = one(connection, "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = %s", name)
    return {"owner": found[0]} if found else None


def _update_schema(computing: Computing, old: Props) -> Mapping[str, Any]:
    inputs = computing.inputs
    name, before = str(inputs["name"]), str(old["name"])
    with connected(computing, _target(computing)) as connection:
        if name != before:
            with telling("error updating schema NAME"):
                run(connection, "ALTER SCHEMA {} RENAME TO {}", before, name)
        if changed(inputs, old, "owner") and inputs.get("owner"):
            with telling("error updating schema OWNER"):
                run(connection, "ALTER SCHEMA {} OWNER TO {}", name, str(inputs["owner"]))
        return _schema(connection, name) or {}


def _delete_schema(computing: Computing) -> None:
    inputs = computing.inputs
    name = str(inputs["name"])
    mode = sql.SQL("CASCADE" if inputs.get("dropCascade") else "RESTRICT")
    with connected(computing, _target(computing)) as connection:
        found = _schema(connection, name)
        if found is None:
            return
        with borrowed(connection, [str(found["owner"])]), telling("error deleting schema"):
            run(connection, "DROP SCHEMA {} {}", name, mode)


def _read_schema(computing: Computing) -> Mapping[str, Any] | None:
    if _gone(computing, _target(computing)):
        return None
    with connected(computing, _target(computing)) as connection:
        return _schema(connection, str(computing.inputs["name"]))


TYPES = (
    ResourceType(
        token="postgresql:index/extension:Extension",
        about="An extension in a database. It must be installed on the server (and allowed, on Azure).",
        sources=(EXTENSION_GO, "https://www.postgresql.org/docs/current/sql-createextension.html"),
        properties=("createCascade", "database", "dropCascade", "name", "schema", "version"),
        named_by="name",
        rules=(
            Required(path="name", says="is required: the extension's own name", source=EXTENSION_GO),
            NAME_RULE,
            Pattern(
                path="name",
                regex=r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?",
                says="is not an extension's name (pgvector's is vector)",
                code="22023",
                source="https://www.postgresql.org/docs/current/extend-extensions.html",
            ),
        ),
        id=_target_id,
        computed={name: kept(name) for name in ("database", "schema", "version")},
        defaults={"createCascade": False, "dropCascade": False},
        replaces=("name", "database"),
        state_only=True,
        on_create=_create_extension,
        on_update=_update_extension,
        on_delete=_delete_extension,
        on_read=_read_extension,
    ),
    ResourceType(
        token="postgresql:index/schema:Schema",
        about="A schema in a database.",
        sources=(SCHEMA_GO, CREATE_SCHEMA),
        properties=("database", "dropCascade", "ifNotExists", "name", "owner"),
        named_by="name",
        autoname=lambda name, seed: f"{name}-{seed.hex()[:7]}",
        rules=(
            NAME_RULE,
            Must(
                path="name",
                name="must:name:reserved",
                test=lambda value, _: not value.startswith("pg_"),
                says='unacceptable schema name: the prefix "pg_" is reserved for system schemas',
                code="42939",
                source=CREATE_SCHEMA,
            ),
        ),
        id=_target_id,
        computed={name: kept(name) for name in ("database", "owner")},
        defaults={"dropCascade": False, "ifNotExists": True},
        replaces=("database",),
        state_only=True,
        on_create=_create_schema,
        on_update=_update_schema,
        on_delete=_delete_schema,
        on_read=_read_schema,
        not_checked=("policies (deprecated by the provider): refused as not simulated, use Grant",),
    ),
)
