"""Rows that a table hides from its own owner (FORCE ROW LEVEL SECURITY): an ordinary pattern, and pg_dump refuses it.

Nobody here may look past that, and nothing is changed in the tenant: the tables' data is left out of pg_dump, and read
in a transaction of our own in which the owner's rows are shown and which is never committed. Its snapshot is pg_dump's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from tenants.archive.manifest import ArchiveBroken

__all__ = ["hidden_tables", "shown", "with_data_of", "without_data_of"]

_HIDDEN = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relforcerowsecurity AND c.relrowsecurity AND c.relkind IN ('r', 'p')
AND pg_has_role(%s, c.relowner, 'USAGE') ORDER BY 1, 2
"""
_KIND = "SELECT relkind::text FROM pg_class WHERE oid = %s::regclass"
_COLUMNS = """
SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
AND attgenerated = '' ORDER BY attnum
"""
_ENTRY = b"--\n-- "
"""How pg_dump begins each thing."""


def hidden_tables(connection: psycopg.Connection[Any], owner: str) -> list[sql.Identifier]:
    """The tables that hide rows from their owner."""
    return [sql.Identifier(schema, name) for schema, name in connection.execute(_HIDDEN, (owner,)).fetchall()]


def shown(connection: psycopg.Connection[Any], tables: Sequence[sql.Identifier]) -> None:
    """For this session and this transaction, which must be rolled back."""
    for table in tables:
        connection.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(table))


def without_data_of(tables: Sequence[sql.Identifier]) -> list[str]:
    """The words of pg_dump that leave their rows out. A pattern in quotes is that name."""
    return [f"--exclude-table-data={table.as_string(None)}" for table in tables]


def with_data_of(
    connection: psycopg.Connection[Any], tables: Sequence[sql.Identifier], dump: bytes, end: bytes
) -> bytes:
    """The dump with their rows, before what pg_dump writes after all data: constraints, triggers, policies. `end`: a
    dump of that part alone, whose words are the last ones of the whole, too.
    """
    begin = end.find(_ENTRY, end.find(b"\nSET ") + 1)
    last = end[begin:] if begin > 0 else b""
    if not last or not dump.endswith(last):
        raise ArchiveBroken("pg_dump wrote the end of the database differently twice. Fix: the same command again")
    rows = b"".join(_copied(connection, table) for table in tables)
    return dump[: len(dump) - len(last)] + rows + last


def _copied(connection: psycopg.Connection[Any], table: sql.Identifier) -> bytes:
    name = table.as_string(connection)
    row = connection.execute(_KIND, (name,)).fetchone()
    columns = [sql.Identifier(one) for (one,) in connection.execute(_COLUMNS, (name,)).fetchall()]
    if not columns or not row or row[0] == "p":  # a partitioned table has no rows of its own
        return b""
    listed = sql.SQL(", ").join(columns)
    into = sql.SQL("COPY {} ({}) FROM stdin;\n").format(table, listed).as_string(connection).encode()
    query = sql.SQL("COPY {} ({}) TO STDOUT").format(table, listed)
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        return into + b"".join(bytes(block) for block in copy) + b"\\.\n\n\n"
