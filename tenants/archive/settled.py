"""What SQL from an archive may set for the sessions to come is taken back: it runs with the owner's rights, and an
owner may set anything of its database and of itself, down to that nobody connects and that it can't be dropped.

The owner's password is not among it: nobody but a superuser can read which it is. The next look for drift tells.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from tenants.archive.login import provisioner, reporting_refusals
from tenants.platform import Server

__all__ = ["settings_kept"]

_DOORS = "SELECT datallowconn, datistemplate, datconnlimit FROM pg_database WHERE datname = %s"
_VALUES = """
SELECT s.setdatabase <> 0, s.setrole <> 0, s.setconfig FROM pg_db_role_setting s
LEFT JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole
WHERE (s.setdatabase = 0 OR d.datname = %(name)s) AND (s.setrole = 0 OR r.rolname = %(name)s)
AND (d.datname IS NOT NULL OR r.rolname IS NOT NULL)
"""
_SCOPES: Mapping[tuple[bool, bool], sql.SQL] = {
    (True, False): sql.SQL("ALTER DATABASE {name}"),
    (False, True): sql.SQL("ALTER ROLE {name}"),
    (True, True): sql.SQL("ALTER ROLE {name} IN DATABASE {name}"),
}
"""Of the database, of its owner everywhere, of its owner in it: the owner is called as the database."""


@dataclass(frozen=True)
class _Settled:
    """How a database and its owner are set."""

    doors: tuple[Any, ...]
    values: Mapping[tuple[tuple[bool, bool], str], str]


@contextlib.contextmanager
def settings_kept(server: Server, provisioner_password: str, name: str) -> Iterator[None]:
    """Whatever is set within the block of the database `name` and its owner is afterwards as before."""
    with reporting_refusals(server, name), provisioner(server, provisioner_password) as connection:
        before = _settled(connection, name)
    try:
        yield
    finally:
        with reporting_refusals(server, name), provisioner(server, provisioner_password) as connection:
            _put_back(connection, name, before, _settled(connection, name))


def _settled(connection: psycopg.Connection[Any], name: str) -> _Settled:
    values = {
        ((of_database, of_role), setting): value
        for of_database, of_role, config in connection.execute(_VALUES, {"name": name}).fetchall()
        for setting, _, value in (one.partition("=") for one in config)
    }
    return _Settled(tuple(connection.execute(_DOORS, (name,)).fetchone() or ()), values)


def _put_back(connection: psycopg.Connection[Any], name: str, before: _Settled, now: _Settled) -> None:
    if before.doors and now.doors != before.doors:
        doors = sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {} IS_TEMPLATE {} CONNECTION LIMIT {}")
        connection.execute(doors.format(sql.Identifier(name), *map(sql.Literal, before.doors)))
    for scope, setting in sorted({key for key, _ in set(now.values.items()) ^ set(before.values.items())}):
        alter: sql.Composable = _SCOPES[scope].format(name=sql.Identifier(name))
        of = sql.Identifier(setting)
        if (scope, setting) not in before.values:
            connection.execute(sql.SQL("{} RESET {}").format(alter, of))
            continue
        # By way of this session: some settings are lists, which no literal can be in one piece.
        connection.execute("SELECT set_config(%s, %s, false)", (setting, before.values[scope, setting]))
        connection.execute(sql.SQL("{} SET {} FROM CURRENT").format(alter, of))
        connection.execute(sql.SQL("RESET {}").format(of))
