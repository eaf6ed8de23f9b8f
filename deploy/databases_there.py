"""Which databases a PostgreSQL server has, asked of the server itself. Changes nothing."""

from __future__ import annotations

__all__ = ["databases_there"]

TIMEOUT_S = 15


def databases_there(port: int, user: str, password: str, sslmode: str) -> frozenset[str] | None:
    """Their names, asked through the forward on this machine; None where the server can't be asked."""
    import psycopg

    try:
        with psycopg.connect(
            host="127.0.0.1",
            port=port,
            user=user,
            password=password,
            dbname="postgres",
            sslmode=sslmode,
            connect_timeout=TIMEOUT_S,
        ) as connection:
            return frozenset(str(name) for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall())
    except psycopg.Error:
        return None
