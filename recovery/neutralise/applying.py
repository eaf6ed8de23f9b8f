"""Makes a restored copy harmless: all changes of one application in one transaction, and looked at before it ends.

Refused is a schema that lacks a table or column that must be changed: of what is not known, nothing can be promised.
Run as the database's owner, on a copy that nobody uses yet, never on what lives: the caller answers for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from kept.operator_error import OperatorError
from recovery.drill.ciphers import sealed
from recovery.neutralise import botpress, chatwoot, metabase, n8n, odoo
from recovery.neutralise.change import Added, Application, Change, Emptied, Set

__all__ = ["APPLICATIONS", "Done", "Neutralised", "NotNeutral", "application_in", "neutralise", "seems_real"]

APPLICATIONS: tuple[Application, ...] = tuple(one.APPLICATION for one in (botpress, chatwoot, metabase, n8n, odoo))

_TEXTS = """
SELECT c.table_schema, c.table_name, c.column_name FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE t.table_type = 'BASE TABLE' AND c.table_schema NOT IN ('pg_catalog', 'information_schema')
AND c.data_type IN ('text', 'character varying', 'json', 'jsonb') ORDER BY 1, 2, 3
"""
_ADDRESS = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}"
_OURS = r"[A-Za-z0-9._%+-]+@example\.invalid"
_NUMBER = r"\+(?!999)[1-9][0-9]{8,14}"


class NotNeutral(OperatorError):
    """A copy that can't be made harmless; nothing of it was changed."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """One change, and of how many rows."""

    table: str
    rows: int
    why: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Neutralised:
    """What was done to one database."""

    application: str
    done: tuple[Done, ...]
    stays: tuple[str, ...]
    """What was not changed, as the application's list says."""
    seems_real: Mapping[str, int]
    """Table and column → rows in which something still looks like an address or a number of somebody."""


def application_in(connection: psycopg.Connection[Any]) -> Application | None:
    """Whose database it is, by its tables."""
    return next((one for one in APPLICATIONS if _columns(connection, one.marker)), None)


def neutralise(
    connection: psycopg.Connection[Any], application: Application, secrets: Mapping[str, str]
) -> Neutralised:
    """Does it. `connection` is in autocommit. Raises NotNeutral, and then nothing was changed."""
    try:
        with connection.transaction():
            given = _sealed(application, secrets)
            done = tuple(
                found for one in application.changes if (found := _change(connection, application, one, given))
            )
            for what, query in application.none_left.items():
                if row := connection.execute(query.encode()).fetchone():
                    raise NotNeutral(_text(application, f"there is still {what} ({row[0]})"))
    except psycopg.Error as error:
        raise NotNeutral(_text(application, f"PostgreSQL: {str(error).splitlines()[0]}")) from None
    return Neutralised(
        application=application.name, done=done, stays=application.stays, seems_real=dict(seems_real(connection))
    )


def seems_real(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, int]]:
    """Where something still looks like somebody's address or number. It tells, it proves nothing."""
    for schema, table, column in connection.execute(_TEXTS).fetchall():
        query = sql.SQL(
            "SELECT count(*) FROM {t} WHERE regexp_replace({c}::text, {o}, '', 'g') ~ {a} OR {c}::text ~ {n}"
        ).format(
            t=sql.Identifier(schema, table),
            c=sql.Identifier(column),
            o=sql.Literal(_OURS),
            a=sql.Literal(_ADDRESS),
            n=sql.Literal(_NUMBER),
        )
        row = connection.execute(query).fetchone()
        if row and row[0]:
            yield f"{table}.{column}", int(row[0])


def _sealed(application: Application, secrets: Mapping[str, str]) -> dict[str, str]:
    if not application.sealed:
        return {}
    if application.secret not in secrets:
        why = f"the keyring has no {application.secret}, and its credentials are replaced under that key"
        raise NotNeutral(_text(application, why))
    key = secrets[application.secret]
    return {name: sealed(application.cipher, text, key) for name, text in application.sealed.items()}


def _change(
    connection: psycopg.Connection[Any], application: Application, change: Change, given: Mapping[str, str]
) -> Done | None:
    there = _columns(connection, change.table)
    wanted = (
        {**change.to, **{name: how for name, how in change.also.items() if name in there}}
        if isinstance(change, Set)
        else {}
    )
    if not there and not change.needed:
        return None
    absent = sorted(set(change.to) - there) if isinstance(change, Set) else []
    if not there or absent:
        what = f"{change.table} has no {', '.join(absent)}" if there else f"there is no {change.table}"
        why = f"its schema is of a version that is not known here: {what} ({change.why}; {change.source})"
        raise NotNeutral(_text(application, why))
    if isinstance(change, Set) and not wanted:
        return None
    rows = connection.execute(_statement(change, wanted), given).rowcount
    return Done(table=change.table, rows=rows, why=change.why, source=change.source)


def _statement(change: Change, wanted: Mapping[str, str]) -> bytes:
    """Our own text, from the lists beside; values that are secret are parameters."""
    if isinstance(change, Added):
        return change.sql.encode()
    where = f" WHERE {change.where}" if change.where else ""
    table = _quoted(change.table)
    if isinstance(change, Emptied):
        return f"DELETE FROM {table}{where}".encode()  # noqa: S608 - our own lists
    columns = ", ".join(f"{_quoted(name)} = {how}" for name, how in wanted.items())
    return f"UPDATE {table} SET {columns}{where}".encode()  # noqa: S608 - our own lists


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string(None)


def _columns(connection: psycopg.Connection[Any], table: str) -> set[str]:
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(quote_ident(%s)) AND attnum > 0 "
        "AND NOT attisdropped",
        (table,),
    )
    return {str(name) for (name,) in rows.fetchall()}


def _text(application: Application, why: str) -> str:
    return (
        f"{application.name}: its copy was not neutralised, and nothing in it was changed: {why}. Fix: a version of "
        "SmarterOS that knows it; do not open the copy to anybody"
    )
