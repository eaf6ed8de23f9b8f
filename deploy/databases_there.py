"""Which databases a PostgreSQL server has, and whether one is empty, asked of the server itself. Changes nothing."""

from __future__ import annotations

from typing import LiteralString

__all__ = ["databases_there", "is_empty"]

_HOLDS: LiteralString = """
SELECT EXISTS (SELECT FROM pg_largeobject_metadata) OR EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    )
)
"""
"""What an extension brought does not count."""


def databases_there(port: int, user: str, password: str, sslmode: str) -> frozenset[str] | None:
    """Their names, asked through the forward on this machine; None where the server can't be asked."""
    rows = _asked("SELECT datname FROM pg_database", port, user, password, sslmode, "postgres")
    return None if rows is None else frozenset(str(name) for (name,) in rows)


def is_empty(port: int, user: str, password: str, sslmode: str, database: str) -> bool:
    """Whether it is there and holds nothing. Where that can't be asked, it may hold something."""
    rows = _asked(_HOLDS, port, user, password, sslmode, database)
    return rows is not None and rows == [(False,)]


def _asked(
    query: LiteralString, port: int, user: str, password: str, sslmode: str, database: str
) -> list[tuple[object, ...]] | None:
    import psycopg

    from provider.time_limits import connected

    try:
        where = {"host": "127.0.0.1", "port": port, "user": user, "password": password, "dbname": database}
        with connected({**where, "sslmode": sslmode}) as connection:
            return connection.execute(query).fetchall()
    except psycopg.Error:
        return None
