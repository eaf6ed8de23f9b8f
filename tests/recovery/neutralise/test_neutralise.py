"""A neutralised copy sends nothing, starts nothing and names nobody; what is not known is not neutralised at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from recovery.drill.ciphers import opened
from recovery.neutralise.applying import APPLICATIONS, NotNeutral, application_in, neutralise, seems_real
from recovery.neutralise.change import Application, Set
from tests.recovery.conftest import KEY, SECRETS, Vendors

NAMES = [one.name for one in APPLICATIONS]
LIVING = re.compile(r"living|EAAliving|cliente\.cl|correo\.cl|Ana|Rojas|\+569|12345678-5|clave")
"""What the rows of the vendors' schemas hold of people and of keys."""


def application(name: str) -> Application:
    """By its name."""
    return next(one for one in APPLICATIONS if one.name == name)


def values(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, str]]:
    """Every row of every table, as text."""
    tables = connection.execute(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    ).fetchall()
    for (table,) in tables:
        query = f"SELECT (to_jsonb(t))::text FROM {table} t"  # noqa: S608 - PostgreSQL quoted it
        for (row,) in connection.execute(query.encode()).fetchall():
            yield table, row


@pytest.mark.parametrize("name", NAMES)
def test_nothing_living_is_left(vendors: Vendors, name: str) -> None:
    """Neither an address, a number, a name, nor a key of what lives: in any column of any table."""
    with vendors.connect(vendors.database(name)) as connection:
        before = {table for table, row in values(connection) if LIVING.search(row)}
        assert before, "the rows must hold what is looked for"
        found = application_in(connection)
        assert found is not None
        assert found.name == name
        neutralise(connection, found, SECRETS)
        left = [(table, row) for table, row in values(connection) if LIVING.search(row)]
    # Of Odoo the company itself stays: documents bear its name.
    assert [one for one in left if not (name == "odoo" and "hola@cliente.cl" in one[1])] == []


@pytest.mark.parametrize("name", NAMES)
def test_it_may_be_done_twice(vendors: Vendors, name: str) -> None:
    """A run that was cut off is run again."""
    with vendors.connect(vendors.database(name)) as connection:
        neutralise(connection, application(name), SECRETS)
        again = neutralise(connection, application(name), SECRETS)
    assert again.application == name
    assert again.stays


@pytest.mark.parametrize("name", NAMES)
def test_each_needed_table_is_demanded(vendors: Vendors, name: str) -> None:
    """A schema of another version, in which a table has another name: refused, and nothing was changed."""
    needed = sorted({one.table for one in application(name).changes if one.needed})
    database = vendors.database(name)
    with vendors.connect(database) as connection:
        before = sorted(values(connection))
        for table in needed:
            connection.execute(f'ALTER TABLE "{table}" RENAME TO renamed')
            with pytest.raises(NotNeutral, match=f"there is no {table}"):
                neutralise(connection, application(name), SECRETS)
            connection.execute(f'ALTER TABLE renamed RENAME TO "{table}"')
        assert sorted(values(connection)) == before


@pytest.mark.parametrize("name", NAMES)
def test_each_needed_column_is_demanded(vendors: Vendors, name: str) -> None:
    """Likewise of a column."""
    with vendors.connect(vendors.database(name)) as connection:
        for change in application(name).changes:
            if not isinstance(change, Set) or not change.needed:
                continue
            for column in change.to:
                connection.execute(f'ALTER TABLE "{change.table}" RENAME COLUMN "{column}" TO renamed')
                with pytest.raises(NotNeutral, match=f"{change.table} has no {column}|PostgreSQL"):
                    neutralise(connection, application(name), SECRETS)
                connection.execute(f'ALTER TABLE "{change.table}" RENAME COLUMN renamed TO "{column}"')


@pytest.mark.parametrize("name", ["n8n", "metabase"])
def test_without_the_key_nothing_is_changed(vendors: Vendors, name: str) -> None:
    """Credentials are replaced under the application's own key."""
    with vendors.connect(vendors.database(name)) as connection:
        before = sorted(values(connection))
        with pytest.raises(NotNeutral, match="the keyring has no"):
            neutralise(connection, application(name), {})
        assert sorted(values(connection)) == before


def test_credentials_are_empty_and_still_open(vendors: Vendors) -> None:
    """n8n and Metabase read what is there: it leads nowhere."""
    with vendors.connect(vendors.database("n8n")) as connection:
        neutralise(connection, application("n8n"), SECRETS)
        (stored,) = connection.execute("SELECT data FROM credentials_entity").fetchone() or ("",)
    assert opened("n8n", stored, [KEY]) == b"{}"
    with vendors.connect(vendors.database("metabase")) as connection:
        neutralise(connection, application("metabase"), SECRETS)
        (stored,) = connection.execute("SELECT details FROM metabase_database").fetchone() or ("",)
    assert b"127.0.0.1" in opened("metabase", stored, [KEY])


def test_odoo_keeps_its_cleaning_and_sends_to_nobody(vendors: Vendors) -> None:
    """One server, which is none; one job; the flag; another uuid."""
    with vendors.connect(vendors.database("odoo")) as connection:
        neutralise(connection, application("odoo"), SECRETS)
        servers = connection.execute("SELECT smtp_host FROM ir_mail_server WHERE active").fetchall()
        jobs = connection.execute("SELECT id FROM ir_cron WHERE active").fetchall()
        rows = connection.execute("SELECT key, value FROM ir_config_parameter").fetchall()
    settings = {str(key): str(value) for key, value in rows}
    assert servers == [("invalid",)]
    assert jobs == [(1,)]
    assert settings["database.is_neutralized"] == "true"
    assert settings["database.uuid"] != "living"


def test_what_still_looks_real_is_told(vendors: Vendors) -> None:
    """A workflow's node in which somebody has typed a number: told, by table and column."""
    with vendors.connect(vendors.database("n8n")) as connection:
        connection.execute("""UPDATE workflow_entity SET nodes = '[{"to":"+56911112222"}]'""")
        found = neutralise(connection, application("n8n"), SECRETS)
    assert dict(found.seems_real) == {"workflow_entity.nodes": 1}


def test_addresses_of_the_copy_are_not_told(vendors: Vendors) -> None:
    """Those that were put there."""
    with vendors.connect(vendors.database("tenants")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 'persona-1@example.invalid' AS a, '+99900000001' AS b")
        assert dict(seems_real(connection)) == {}
        connection.execute("INSERT INTO t VALUES ('x@example.com', '')")
        assert dict(seems_real(connection)) == {"t.a": 1}


@pytest.mark.parametrize("name", NAMES)
def test_every_change_says_why_and_whose_word_it_is(name: str) -> None:
    """A list without sources is a guess."""
    assert all(one.why and one.source for one in application(name).changes)
    assert application(name).none_left
    assert application(name).stays
