"""PostgreSQL roles, in a real server. The password reaches it as a SCRAM verifier, so no log of it can hold
the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString

from psycopg import sql

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import Between, Forbidden, Must, Required
from sandbox.core.values import UNKNOWN, Props, Value, is_set
from sandbox.postgresql.connection import (
    PROVIDER,
    Connection,
    Refused,
    acting,
    borrowed,
    changed,
    connected,
    current_user,
    exists,
    kept,
    lock_role,
    one,
    run,
    superuser,
    telling,
)

__all__ = ["LARGEST_INTEGER", "NAME_RULE", "NOBODY", "TYPES", "fits", "name_rules"]

ROLE_GO = f"{PROVIDER}/resource_postgresql_role.go"
CREATE_ROLE = "https://www.postgresql.org/docs/current/sql-createrole.html"
IDENTIFIERS = "https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS"
SWITCHES: dict[str, tuple[LiteralString, LiteralString]] = {
    "superuser": ("SUPERUSER", "NOSUPERUSER"),
    "createDatabase": ("CREATEDB", "NOCREATEDB"),
    "createRole": ("CREATEROLE", "NOCREATEROLE"),
    "inherit": ("INHERIT", "NOINHERIT"),
    "login": ("LOGIN", "NOLOGIN"),
    "bypassRowLevelSecurity": ("BYPASSRLS", "NOBYPASSRLS"),
    "replication": ("REPLICATION", "NOREPLICATION"),
}
TIMEOUTS: dict[str, LiteralString] = {
    "statementTimeout": "statement_timeout",
    "idleInTransactionSessionTimeout": "idle_in_transaction_session_timeout",
}
READ: LiteralString = (
    "SELECT rolsuper, rolcreatedb, rolcreaterole, rolinherit, rolcanlogin, rolbypassrls, rolreplication, rolconnlimit,"
    " COALESCE(rolvaliduntil::text, 'infinity'), ARRAY(SELECT pg_get_userbyid(roleid) FROM pg_auth_members WHERE"
    " member = pg_roles.oid ORDER BY 1), COALESCE(rolconfig, '{}') FROM pg_roles WHERE rolname = %s"
)


def fits(value: Value, _: Props) -> bool:
    """A name that PostgreSQL does not cut off."""
    return 0 < len(str(value).encode()) <= 63 and "\0" not in value


LARGEST_INTEGER = 2**31 - 1
NOBODY = ("public", "none")
"""What PostgreSQL takes for everybody and for no role, quoted too (gram.y, RoleSpec)."""


def fits_or_is_left_out(value: Value, props: Props) -> bool:
    """The provider takes an empty text for none."""
    return value == "" or fits(value, props)


def name_rules(*paths: str, optional: bool = False) -> tuple[Must, ...]:
    """What every name of something in PostgreSQL must be, wherever it stands."""
    return tuple(
        Must(
            path=path,
            name=f"name:{path}" if path != "name" else "",
            test=fits_or_is_left_out if optional else fits,
            says="must have 1 to 63 bytes: PostgreSQL cuts longer names off, and then does not find them",
            source=IDENTIFIERS,
        )
        for path in paths
    )


NAME_RULE = name_rules("name")[0]


def _password(connection: Connection, inputs: Props) -> sql.Composable | None:
    text = str(inputs.get("password") or inputs.get("passwordWo") or "")
    if not text:
        return None
    if text.upper() == "NULL":
        return sql.SQL("NULL")
    if text.startswith(("SCRAM-SHA-256$", "md5")):
        return sql.Literal(text)
    verifier = connection.pgconn.encrypt_password(text.encode(), str(inputs["name"]).encode(), b"scram-sha-256")
    return sql.Literal(verifier.decode())


def _options(connection: Connection, inputs: Props) -> sql.Composable:
    parts: list[sql.Composable] = []
    password = _password(connection, inputs)
    if password is not None:
        parts.append(sql.SQL("PASSWORD ") + password)
    parts.append(sql.SQL("VALID UNTIL ") + sql.Literal(str(inputs.get("validUntil") or "infinity")))
    parts.append(sql.SQL("CONNECTION LIMIT ") + sql.Literal(int(inputs.get("connectionLimit", -1))))
    for name, (yes, no) in SWITCHES.items():
        parts.append(sql.SQL(yes if inputs.get(name, name == "inherit") else no))
    return sql.SQL(" ").join(parts)


def _settings(connection: Connection, inputs: Props, old: Props) -> None:
    name = str(inputs["name"])
    for role in inputs.get("roles") or []:
        with telling(f"could not grant role {role} to {name}"):
            run(connection, "GRANT {} TO {}", str(role), name)
    paths = [sql.Identifier(str(path)) for path in inputs.get("searchPaths") or []]
    with telling(f"could not set search_path for {name}"):
        run(
            connection,
            "ALTER ROLE {} SET search_path TO {}",
            name,
            sql.SQL(", ").join(paths) if paths else sql.SQL("DEFAULT"),
        )
    for key, setting in TIMEOUTS.items():
        if changed(inputs, old, key):
            value = int(inputs.get(key) or 0)
            with telling(f"could not set {setting} for {name}"):
                if value:
                    run(connection, "ALTER ROLE {} SET {} TO {}", name, sql.SQL(setting), value)
                else:
                    run(connection, "ALTER ROLE {} RESET {}", name, sql.SQL(setting))
    if changed(inputs, old, "assumeRole"):
        with telling(f"could not set role for {name}"):
            if inputs.get("assumeRole"):
                run(connection, "ALTER ROLE {} SET ROLE TO {}", name, str(inputs["assumeRole"]))
            else:
                run(connection, "ALTER ROLE {} RESET ROLE", name)


def _create(computing: Computing) -> Mapping[str, Any]:
    inputs = computing.inputs
    name = str(inputs["name"])
    with connected(computing) as connection:
        with telling(f"error creating role {name}"):
            run(connection, "CREATE ROLE {} WITH {}", name, _options(connection, inputs))
        _settings(connection, inputs, {})
    return {"id": name, **(_read(computing) or {})}


def _update(computing: Computing, old: Props) -> Mapping[str, Any]:
    inputs = computing.inputs
    name, before = str(inputs["name"]), str(old["name"])
    with connected(computing) as connection:
        lock_role(connection, before)
        if name != before:
            with telling("error updating role NAME"):
                run(connection, "ALTER ROLE {} RENAME TO {}", before, name)
        written = changed(inputs, old, "password") or changed(inputs, old, "passwordWoVersion") or name != before
        password = _password(connection, inputs) if written else None
        if password is not None:
            with telling("error updating role password"):
                run(connection, "ALTER ROLE {} PASSWORD {}", name, password)
        for key, (yes, no) in SWITCHES.items():
            if changed(inputs, old, key):
                with telling(f"error updating role {yes}"):
                    run(
                        connection,
                        "ALTER ROLE {} WITH {}",
                        name,
                        sql.SQL(yes if inputs.get(key, key == "inherit") else no),
                    )
        if changed(inputs, old, "connectionLimit"):
            with telling("error updating role CONNECTION LIMIT"):
                run(connection, "ALTER ROLE {} CONNECTION LIMIT {}", name, int(inputs.get("connectionLimit", -1)))
        if changed(inputs, old, "validUntil"):
            with telling("error updating role VALID UNTIL"):
                until = sql.Literal(str(inputs.get("validUntil") or "infinity"))
                run(connection, "ALTER ROLE {} VALID UNTIL {}", name, until)
        for role in _memberships(connection, name):
            with telling(f"could not revoke role {role} from {name}"):
                run(connection, "REVOKE {} FROM {}", role, name)
        _settings(connection, inputs, old)
    return {"id": name, **(_read(computing) or {})}


def _memberships(connection: Connection, name: str) -> list[str]:
    rows = connection.execute(
        "SELECT pg_get_userbyid(roleid) FROM pg_auth_members JOIN pg_roles ON member = pg_roles.oid WHERE rolname = %s",
        (name,),
    )
    return [str(row[0]) for row in rows.fetchall()]


def _delete(computing: Computing) -> None:
    inputs = computing.inputs
    name = str(inputs["name"])
    with connected(computing) as connection:
        lock_role(connection, name)
        if not inputs.get("skipReassignOwned"):
            me = acting(computing.config)
            with borrowed(connection, [name]):
                with telling(f"could not reassign owned by role {name} to {me}"):
                    run(connection, "REASSIGN OWNED BY {} TO {}", name, me)
                with telling(f"could not drop owned by role {name}"):
                    run(connection, "DROP OWNED BY {}", name)
        if not inputs.get("skipDropRole"):
            with telling(f"could not delete role {name}"):
                run(connection, "DROP ROLE {}", name)


def _read(computing: Computing) -> Mapping[str, Any] | None:
    name = str(computing.inputs.get("name") or computing.id)
    with connected(computing) as connection:
        if not exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", name):
            return None
        found = one(connection, READ, name)
        if found is None:
            raise Refused(f"error reading ROLE {name}")
        lost = {"password": ""} if found[4] and _has_lost_its_password(connection, computing) else {}
    *switches, limit, until, roles, settings = found
    config = dict(item.partition("=")[::2] for item in settings)
    paths = [path.strip().strip('"') for path in str(config.get("search_path", "")).split(",") if path.strip()]
    return {
        "name": name,
        **lost,
        **dict(zip(SWITCHES, switches, strict=True)),
        "connectionLimit": limit,
        "validUntil": until,
        "roles": list(roles),
        "searchPaths": paths,
        "assumeRole": config.get("role", ""),
        **{key: int(config.get(setting, 0)) for key, setting in TIMEOUTS.items()},
    }


def _has_lost_its_password(connection: Connection, computing: Computing) -> bool:
    """All that the provider can see of a password: whether there is one. Of another one it sees nothing where the
    server keeps SCRAM verifiers, and only a superuser may look (readRolePassword).
    """
    config = computing.config
    if not computing.inputs.get("password") or str(config.get("superuser", "true")).lower() == "false":
        return False
    me = current_user(connection)
    if not superuser(connection, me):
        raise Refused(
            f"could not read role password from Postgres as connected user {acting(config)} is not a SUPERUSER. "
            "You can set `superuser = false` in the provider configuration so it will not try to read the password "
            "from Postgres"
        )
    query: LiteralString = "SELECT 1 FROM pg_shadow WHERE usename = %s AND passwd IS NULL"
    return exists(connection, query, str(computing.inputs["name"]))


def _reserved(value: Value, _: Props) -> bool:
    """Compared as it is written: the provider quotes it."""
    return not str(value).startswith("pg_") and value not in NOBODY


def _has_password(props: Props) -> bool:
    return is_set(props.get("password"))


def _write_only_half(props: Props) -> bool:
    return is_set(props.get("passwordWo")) != is_set(props.get("passwordWoVersion")) and UNKNOWN not in props.values()


TYPES = (
    ResourceType(
        token="postgresql:index/role:Role",
        about="A role of a server. Deleting it gives what it owns in the provider's database to the provider's user.",
        sources=(ROLE_GO, CREATE_ROLE),
        properties=(
            *("assumeRole", "bypassRowLevelSecurity", "connectionLimit", "createDatabase", "createRole"),
            *(
                "encryptedPassword",
                "idleInTransactionSessionTimeout",
                "inherit",
                "login",
                "name",
                "password",
                "passwordWo",
            ),
            *("passwordWoVersion", "replication", "roles", "searchPaths", "skipDropRole", "skipReassignOwned"),
            *("statementTimeout", "superuser", "validUntil"),
        ),
        named_by="name",
        autoname=lambda name, seed: f"{name}-{seed.hex()[:7]}",
        rules=(
            NAME_RULE,
            Must(
                path="name",
                name="must:name:reserved",
                test=_reserved,
                says="is reserved (pg_…, public and none are)",
                code="42939",
                source=CREATE_ROLE,
            ),
            Between(path="connectionLimit", least=-1, most=LARGEST_INTEGER, source=ROLE_GO),
            *(Between(path=name, least=0, most=LARGEST_INTEGER, source=ROLE_GO) for name in TIMEOUTS),
            Must(
                path="roles",
                test=lambda value, props: props.get("name") not in value,
                says="holds the role itself, which can't be its own member",
                code="0LP01",
                source="https://www.postgresql.org/docs/current/sql-grant.html",
            ),
            Forbidden(
                path="passwordWo", when=_has_password, says="conflicts with password: give one of them", source=ROLE_GO
            ),
            Must(
                path="",
                name="must:passwordWoVersion",
                when=_write_only_half,
                test=lambda value, _: False,
                partial=True,
                says="passwordWo and passwordWoVersion must be given together",
                source=ROLE_GO,
            ),
            Must(
                path="encryptedPassword",
                test=lambda value, _: value is True,
                says="must be true: UNENCRYPTED PASSWORD is no longer supported",
                source=CREATE_ROLE,
            ),
            Must(
                path="searchPaths[*]",
                test=lambda value, _: ", " not in value,
                says="search_path cannot contain ', ': give each schema as an item of its own",
                source=ROLE_GO,
            ),
            Required(path="roles[*]", says="must be a role's name", source=ROLE_GO),
        ),
        id=lambda c: str(c.inputs["name"]),
        computed={"password": kept("password")},
        secret_outputs=("password", "passwordWo"),
        write_only=("password", "passwordWo"),
        defaults={
            **{"connectionLimit": -1, "encryptedPassword": True, "inherit": True, "validUntil": "infinity"},
            **{name: False for name in SWITCHES if name != "inherit"},
            **{"skipDropRole": False, "skipReassignOwned": False},
        },
        compares=(
            *("assumeRole", "connectionLimit", "encryptedPassword", "name", "password", "passwordWoVersion", "roles"),
            *("searchPaths", "skipDropRole", "skipReassignOwned", "validUntil", *SWITCHES, *TIMEOUTS),
        ),
        sets=("roles",),
        state_only=True,
        on_create=_create,
        on_update=_update,
        on_delete=_delete,
        on_read=_read,
        not_checked=("what the server itself checks (existing roles, rights, dates): it answers in its own words",),
    ),
)
