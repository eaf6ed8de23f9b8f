"""Privileges in a real PostgreSQL server: on what exists (Grant) and on what will be made (DefaultPrivileges)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString

from psycopg import sql

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import Forbidden, Must, OneOf, Required
from sandbox.core.values import UNKNOWN, Props, Value
from sandbox.postgresql.connection import (
    PROVIDER,
    Connection,
    borrowed,
    connected,
    exists,
    lock_database,
    lock_role,
    one,
    run,
    telling,
)
from sandbox.postgresql.types.role import NOBODY, name_rules

__all__ = ["TYPES"]

GRANT_GO = f"{PROVIDER}/resource_postgresql_grant.go"
DEFAULT_GO = f"{PROVIDER}/resource_postgresql_default_privileges.go"
PRIVILEGES_GO = f"{PROVIDER}/helpers.go"
ALLOWED: dict[str, tuple[LiteralString, ...]] = {
    "database": ("ALL", "CREATE", "CONNECT", "TEMPORARY"),
    "schema": ("ALL", "CREATE", "USAGE"),
    "table": ("ALL", "SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"),
    "sequence": ("ALL", "USAGE", "SELECT", "UPDATE"),
    "function": ("ALL", "EXECUTE"),
    "type": ("ALL", "USAGE"),
}
KINDS: dict[str, LiteralString] = {
    "table": "TABLE",
    "sequence": "SEQUENCE",
    "function": "FUNCTION",
    "type": "TYPE",
    "schema": "SCHEMA",
}


LISTS: dict[str, LiteralString] = {
    "database": "SELECT datname AS name, datacl AS acl FROM pg_database WHERE datname = %(database)s",
    "schema": "SELECT nspname AS name, nspacl AS acl FROM pg_namespace WHERE nspname = %(schema)s",
    "function": "SELECT proname AS name, proacl AS acl FROM pg_proc WHERE pronamespace = to_regnamespace(%(space)s)",
    "table": "SELECT relname AS name, relacl AS acl FROM pg_class WHERE relnamespace = to_regnamespace(%(space)s)"
    " AND relkind = 'r'",
    "sequence": "SELECT relname AS name, relacl AS acl FROM pg_class WHERE relnamespace ="
    " to_regnamespace(%(space)s) AND relkind = 'S'",
}


def _words(inputs: Props) -> sql.Composable:
    known = {word: sql.SQL(word) for words in ALLOWED.values() for word in words}
    return sql.SQL(", ").join(known[str(one_of)] for one_of in inputs["privileges"])


def _on(inputs: Props) -> sql.Composable:
    kind = str(inputs["objectType"])
    if kind == "database":
        return sql.SQL("DATABASE {}").format(sql.Identifier(str(inputs["database"])))
    schema = str(inputs["schema"])
    if kind == "schema":
        return sql.SQL("SCHEMA {}").format(sql.Identifier(schema))
    objects = [str(item) for item in inputs.get("objects") or []]
    if not objects:
        return sql.SQL("ALL {}S IN SCHEMA {}").format(sql.SQL(KINDS[kind]), sql.Identifier(schema))
    names = sql.SQL(", ").join(sql.Identifier(schema, item) for item in objects)
    return sql.SQL("{} {}").format(sql.SQL(KINDS[kind]), names)


def _lenders(connection: Connection, inputs: Props) -> list[str]:
    """The owners whose rights are needed: of the schema and of its tables."""
    kind = str(inputs["objectType"])
    if kind == "database":
        return []
    owners: list[str] = []
    if kind != "schema":
        rows = connection.execute(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = %s", (inputs["schema"],)
        )
        owners = [str(row[0]) for row in rows.fetchall()]
    found = one(connection, "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = %s", inputs["schema"])
    owners += [str(found[0])] if found else []
    if "pg_database_owner" in owners:
        of = one(connection, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()")
        owners = [str(of[0]) if of and owner == "pg_database_owner" else owner for owner in owners]
    return list(dict.fromkeys(owners))


def _apply(computing: Computing, *, grant: bool) -> None:
    inputs = computing.inputs
    role = str(inputs["role"])
    with connected(computing, str(inputs["database"])) as connection:
        lock_role(connection, role)
        if inputs["objectType"] == "database":
            lock_database(connection, str(inputs["database"]))
        with borrowed(connection, _lenders(connection, inputs)):
            with telling("could not execute revoke query"):
                run(connection, "REVOKE ALL PRIVILEGES ON {} FROM {}", _on(inputs), role)
            if grant and inputs["privileges"]:
                option = sql.SQL("WITH GRANT OPTION" if inputs.get("withGrantOption") else "")
                with telling("could not execute grant query"):
                    run(connection, "GRANT {} ON {} TO {} {}", _words(inputs), _on(inputs), role, option)


def _create(computing: Computing) -> Mapping[str, Any]:
    """Answers what is there then: a revocation that had no effect is a warning to the server, and no error."""
    _apply(computing, grant=True)
    return _privileges(computing)


def _update(computing: Computing, _: Props) -> Mapping[str, Any]:
    return _create(computing)


def _delete(computing: Computing) -> None:
    _apply(computing, grant=False)


def _there(computing: Computing) -> bool:
    inputs = computing.inputs
    role, schema = str(inputs["role"]), inputs.get("schema")
    with connected(computing) as connection:
        if not exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", inputs["database"]):
            return False
        if role != "public" and not exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
            return False
    with connected(computing, str(inputs["database"])) as connection:
        return not schema or exists(connection, "SELECT 1 FROM pg_namespace WHERE nspname = %s", schema)


def _seen(connection: Connection, inputs: Props) -> list[list[str]]:
    """The privileges of the role on each object that the resource is about."""
    kind, schema, role = str(inputs["objectType"]), inputs.get("schema"), str(inputs["role"])
    query = (
        sql.SQL("SELECT name, ARRAY(SELECT privilege_type FROM aclexplode(acl) WHERE grantee = COALESCE(")
        + sql.SQL("(SELECT oid FROM pg_roles WHERE rolname = %(role)s), 0) ORDER BY 1) FROM (")
        + sql.SQL(LISTS[kind])
        + sql.SQL(") AS found")
    )
    space = None if schema is None else sql.Identifier(str(schema)).as_string(connection)
    values = {"database": inputs["database"], "schema": schema, "space": space, "role": role}
    wanted = set(inputs.get("objects") or [])
    rows = connection.execute(query, values).fetchall()
    return [list(row[1]) for row in rows if not wanted or row[0] in wanted]


def _read(computing: Computing) -> Mapping[str, Any] | None:
    return _privileges(computing) if _there(computing) else None


def _privileges(computing: Computing) -> Mapping[str, Any]:
    """As the access list names them: one that nobody has touched names none, though it lets everybody connect."""
    inputs = computing.inputs
    with connected(computing, str(inputs["database"])) as connection:
        seen = _seen(connection, inputs)
    wanted = set(inputs["privileges"])
    if "ALL" in wanted:
        kind = str(inputs["objectType"])
        wanted = set(ALLOWED[kind]) - {"ALL"}
    for given in seen:
        if set(given) != wanted:
            return {"privileges": given}
    return {"privileges": list(inputs["privileges"])}


def _default(computing: Computing, *, grant: bool) -> None:
    inputs = computing.inputs
    role, owner, schema = str(inputs["role"]), str(inputs["owner"]), inputs.get("schema")
    place = sql.SQL("IN SCHEMA {}").format(sql.Identifier(str(schema))) if schema else sql.SQL("")
    kind = sql.SQL(KINDS[str(inputs["objectType"])])
    with connected(computing, str(inputs["database"])) as connection:
        lock_role(connection, owner)
        with borrowed(connection, [owner]):
            with telling("could not revoke default privileges"):
                run(
                    connection,
                    "ALTER DEFAULT PRIVILEGES FOR ROLE {} {} REVOKE ALL ON {}S FROM {}",
                    owner,
                    place,
                    kind,
                    role,
                )
            if grant and inputs["privileges"]:
                option = sql.SQL("WITH GRANT OPTION" if inputs.get("withGrantOption") else "")
                what: LiteralString = "ALTER DEFAULT PRIVILEGES FOR ROLE {} {} GRANT {} ON {}S TO {} {}"
                with telling("could not alter default privileges"):
                    run(connection, what, owner, place, _words(inputs), kind, role, option)


def _default_create(computing: Computing) -> None:
    _default(computing, grant=True)


def _default_update(computing: Computing, _: Props) -> None:
    _default(computing, grant=True)


def _default_delete(computing: Computing) -> None:
    _default(computing, grant=False)


def _default_read(computing: Computing) -> Mapping[str, Any] | None:
    return {} if _there(computing) else None


def _id(computing: Computing) -> str:
    inputs = computing.inputs
    parts = [inputs["role"], inputs["database"]]
    if inputs["objectType"] != "database":
        parts.append(inputs.get("schema"))
    return "_".join(str(part) for part in (*parts, inputs["objectType"], *(inputs.get("objects") or [])))


def _default_id(computing: Computing) -> str:
    inputs = computing.inputs
    names = ("role", "database", "schema", "owner", "objectType")
    return "_".join(str(inputs.get(name) or "noschema") for name in names)


def _allowed(value: Value, props: Props) -> bool | str:
    kind = props.get("objectType")
    known = ALLOWED.get(kind) if isinstance(kind, str) else None
    return known is None or value in known or f"{value} is not an allowed privilege for object type {kind}"


def _needs_schema(props: Props) -> bool:
    return props.get("objectType") not in ("database", UNKNOWN)


def _whole(props: Props) -> bool:
    return props.get("objectType") in ("database", "schema")


def _grants_on(token_kinds: tuple[str, ...], source: str) -> tuple[OneOf, Must]:
    return (
        OneOf(
            path="objectType",
            values=token_kinds,
            says="is not simulated: " + ", ".join(token_kinds) + " are",
            source=source,
        ),
        Must(
            path="privileges[*]",
            test=_allowed,
            says="see https://www.postgresql.org/docs/current/ddl-priv.html (in capitals)",
            source=PRIVILEGES_GO,
        ),
    )


def _not_to_everybody(source: str) -> Must:
    return Must(
        path="withGrantOption",
        test=lambda value, props: not (value and props.get("role") == "public"),
        says="with_grant_option cannot be true for role 'public'",
        source=source,
    )


TYPES = (
    ResourceType(
        token="postgresql:index/grant:Grant",
        about="Privileges of a role on what exists; it takes all others away from the role first.",
        sources=(GRANT_GO, "https://www.postgresql.org/docs/current/sql-grant.html"),
        properties=("database", "objectType", "objects", "privileges", "role", "schema", "withGrantOption"),
        rules=(
            *_grants_on(("database", "schema", "table", "sequence", "function"), GRANT_GO),
            *name_rules("role", "database", "objects[*]"),
            *name_rules("schema", optional=True),
            _not_to_everybody("https://www.postgresql.org/docs/current/sql-grant.html (grant options)"),
            Required(
                path="schema",
                when=_needs_schema,
                says="parameter 'schema' is mandatory for postgresql_grant resource (but for a database)",
                source=GRANT_GO,
            ),
            Forbidden(
                path="objects",
                when=_whole,
                says="cannot specify `objects` when `object_type` is `database` or `schema`",
                source=GRANT_GO,
            ),
        ),
        id=_id,
        defaults={"withGrantOption": False},
        replaces=("database", "objectType", "objects", "role", "schema", "withGrantOption"),
        compares=("database", "objectType", "objects", "privileges", "role", "schema", "withGrantOption"),
        sets=("objects", "privileges"),
        delete_before_replace=True,
        state_only=True,
        on_create=_create,
        on_update=_update,
        on_delete=_delete,
        on_read=_read,
        not_checked=("columns, procedures, routines and foreign data: refused as not simulated",),
    ),
    ResourceType(
        token="postgresql:index/defaultPrivileges:DefaultPrivileges",
        about="Privileges that a role gets on what another role (`owner`) will make.",
        sources=(DEFAULT_GO, "https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html"),
        properties=("database", "objectType", "owner", "privileges", "role", "schema", "withGrantOption"),
        rules=(
            *_grants_on(("table", "sequence", "function", "type", "schema"), DEFAULT_GO),
            Forbidden(
                path="schema",
                when=lambda props: props.get("objectType") == "schema",
                says="cannot specify `schema` when `object_type` is `schema`",
                source=DEFAULT_GO,
            ),
            *name_rules("role", "database", "owner"),
            Must(
                path="owner",
                name="somebody:owner",
                test=lambda value, _: value not in NOBODY,
                says="is no role: nothing is made by everybody, or by nobody",
                code="42704",
                source="https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html",
            ),
            *name_rules("schema", optional=True),
            _not_to_everybody(DEFAULT_GO),
        ),
        id=_default_id,
        defaults={"withGrantOption": False},
        replaces=("database", "objectType", "owner", "role", "schema", "withGrantOption"),
        state_only=True,
        on_create=_default_create,
        on_update=_default_update,
        on_delete=_default_delete,
        on_read=_default_read,
        not_checked=("drift of default privileges: only that role, database and schema still exist",),
    ),
)
