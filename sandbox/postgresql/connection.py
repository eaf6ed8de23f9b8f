"""How the simulated PostgreSQL provider speaks to a real server: connections, quoting, borrowed roles, errors.

Identifiers are always quoted by psycopg, errors are the server's own words without the statement (which may hold a
password), and only servers of this machine are reached: a real host is never tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from sandbox.core.records import Computing
from sandbox.core.relay import beyond
from sandbox.core.values import Props, Value
from sandbox.postgresql.pool import Exhausted, blocked, place_in

__all__ = [
    "LOOPBACK",
    "PROVIDER",
    "Connection",
    "Refused",
    "acting",
    "as_owner",
    "borrowed",
    "connected",
    "database_of",
    "exists",
    "kept",
    "lock_database",
    "lock_role",
    "one",
    "run",
    "superuser",
    "telling",
]

PROVIDER = "https://github.com/cyrilgdn/terraform-provider-postgresql/blob/main/postgresql"
DEFAULT_POOL = 20
"""max_connections, when it is not given (provider.go, defaultProviderMaxOpenConnections)."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
Connection = psycopg.Connection[tuple[Any, ...]]


class Refused(Exception):
    """What PostgreSQL or the provider answered; the text is the answer."""


def kept(name: str) -> Callable[[Computing], Value]:
    """A computed output that the server told at creation, and that an update leaves as it was or as it is asked for."""
    return lambda computing: computing.inputs.get(name, computing.old.get(name))


def words(error: psycopg.Error) -> str:
    """The server's message, detail and hint. Never the statement, nor the connection's parameters."""
    diagnosis = error.diag
    parts = [diagnosis.message_primary, diagnosis.message_detail, diagnosis.message_hint]
    return ". ".join(part.rstrip(".") for part in parts if part) or str(error).strip().splitlines()[-1]


@contextmanager
def telling(what: str) -> Iterator[None]:
    """Turns the server's error into the provider's words: `error creating role x: pq: …`."""
    try:
        yield
    except psycopg.Error as error:
        raise Refused(f"{what}: pq: {words(error)}") from None


@contextmanager
def connected(computing: Computing, database: str = "", *, transaction: bool = True) -> Iterator[Connection]:
    """A connection as configured, to that database, from the pool; one transaction unless told otherwise."""
    config = computing.config
    host = str(config.get("host", "localhost"))
    if host not in LOOPBACK:
        raise Refused(f"error connecting to PostgreSQL server {host} (scheme: postgres): dial tcp: no such host here")
    name = database or database_of(config)
    pool = (computing.instance, host, str(config.get("port")), str(config.get("username")), name)
    try:
        with place_in(pool, int(float(config.get("maxConnections") or DEFAULT_POOL))):
            connection = _opened(config, host, name, transaction)
            with connection:  # commits, or rolls back after an error, and closes
                yield connection
    except Exhausted as error:
        raise Refused(str(error)) from None


def _opened(config: Props, host: str, database: str, transaction: bool) -> Connection:
    port = int(float(config.get("port", 5432)))
    address, port = (host, port) if host == "::1" else beyond(port)
    try:
        return psycopg.connect(
            host=host,
            hostaddr=address,
            port=port,
            user=str(config.get("username", "postgres")),
            password=str(config.get("password", "")),
            dbname=database,
            sslmode=str(config.get("sslmode") or "require"),
            connect_timeout=min(int(float(config.get("connectTimeout") or 30)), 30),
            autocommit=not transaction,
            application_name="Terraform provider",
            sslrootcert=str(config["sslrootcert"]) if config.get("sslrootcert") else None,
        )
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[-1]
        raise Refused(f"error connecting to PostgreSQL server {host} (scheme: postgres): pq: {reason}") from None


def database_of(config: Props) -> str:
    """The database that the provider connects to when a resource names none."""
    return str(config.get("database") or "postgres")


def run(connection: Connection, statement: LiteralString, *parts: str | int | bool | sql.Composable) -> None:
    """A statement whose `{}` are identifiers (texts), or ready-made pieces of SQL."""
    pieces = [part if isinstance(part, sql.Composable) else _piece(part) for part in parts]
    connection.execute(sql.SQL(statement).format(*pieces))


def _piece(part: str | int | bool) -> sql.Composable:
    return sql.Identifier(part) if isinstance(part, str) else sql.Literal(part)


def one(connection: Connection, query: LiteralString, *values: object) -> tuple[Any, ...] | None:
    """The first row, or None."""
    return connection.execute(query, values).fetchone()


def exists(connection: Connection, query: LiteralString, *values: object) -> bool:
    """Whether the query finds anything."""
    return one(connection, query, *values) is not None


def current_user(connection: Connection) -> str:
    """The role whose rights count: another than the login's where that one has an `assumeRole`."""
    found = one(connection, "SELECT current_user")
    return str(found[0]) if found else ""


def acting(config: Props) -> str:
    """Whom the provider takes itself for, whatever role its login assumes (config.go, getDatabaseUsername)."""
    return str(config.get("databaseUsername") or config.get("username", "postgres"))


def superuser(connection: Connection, role: str) -> bool:
    """Whether the role is one; False when there is no such role."""
    found = one(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = %s", role)
    return bool(found and found[0])


def _member(connection: Connection, role: str, member: str) -> bool:
    query: LiteralString = (
        "SELECT 1 FROM pg_auth_members WHERE pg_get_userbyid(roleid) = %s AND pg_get_userbyid(member) = %s"
    )
    if connection.info.server_version >= 160000:
        query += " AND set_option"
    return exists(connection, query, role, member)


def _grant(connection: Connection, role: str, member: str) -> bool:
    if member == role or _member(connection, role, member):
        return False
    with telling(f"error granting role {role} to {member}"):
        run(connection, "GRANT {} TO {}", role, member)
    return True


def _revoke(connection: Connection, role: str, member: str) -> bool:
    if member == role or not _member(connection, role, member):
        return False
    with telling(f"error revoking role {role} from {member}"):
        run(connection, "REVOKE {} FROM {}", role, member)
    return True


@contextmanager
def as_owner(computing: Computing, owner: str) -> Iterator[Connection]:
    """A connection for what only a member of `owner` may do. Where there is one, the provider first waits for its turn,
    on a connection that it keeps meanwhile, and on a second one is made a member for as long as this takes.
    """
    if not owner:
        with connected(computing, transaction=False) as connection:
            yield connection
        return
    me = acting(computing.config)
    with connected(computing) as turn:
        lock_role(turn, me)
        with connected(computing, transaction=False) as connection:
            given = _grant(connection, owner, me)
            try:
                yield connection
            finally:
                with suppress(Refused):  # the provider does not look at the answer
                    if given:
                        _revoke(connection, owner, me)


@contextmanager
def borrowed(connection: Connection, roles: Sequence[str]) -> Iterator[None]:
    """The acting role, when it is no superuser, is a member of these roles meanwhile; within one transaction."""
    me = current_user(connection)
    if superuser(connection, me):
        yield
        return
    given: list[str] = []
    taken: list[str] = []
    for role in roles:
        if superuser(connection, role):
            continue
        if _revoke(connection, me, role):
            taken.append(role)
        if _grant(connection, role, me):
            given.append(role)
    yield
    for role in given:
        if exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
            _revoke(connection, role, me)
    for role in taken:
        if exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
            _grant(connection, me, role)


def lock_role(connection: Connection, role: str) -> None:
    """Waits for other changes of the role and its members; until the end of the transaction."""
    with blocked():
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute("SELECT pg_advisory_xact_lock(oid::bigint) FROM pg_roles WHERE rolname = %s", (role,))
        connection.execute(
            "SELECT pg_advisory_xact_lock(member::bigint) FROM pg_auth_members JOIN pg_roles ON roleid = pg_roles.oid"
            " WHERE rolname = %s",
            (role,),
        )


def lock_database(connection: Connection, database: str) -> None:
    """Waits for other changes of the privileges on it; until the end of the transaction."""
    with blocked():
        connection.execute("SELECT pg_advisory_xact_lock(oid::bigint) FROM pg_database WHERE datname = %s", (database,))


def changed(new: Mapping[str, Any], old: Mapping[str, Any], name: str) -> bool:
    """Whether what is wanted differs from what is (nothing, "", 0 and no are one to the provider's SDK)."""
    return bool((new.get(name) or None) != (old.get(name) or None))
