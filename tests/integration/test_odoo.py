"""What docs/odoo.md says of databases, on a real PostgreSQL: the provisioner makes them, Odoo owns those alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from age_keyring import Identity, Keyring
from tests.integration.conftest import Clone

pytestmark = pytest.mark.slow

# odoo/service/db.py, list_dbs: among these `dbfilter` chooses.
OWNED = """
    select datname from pg_database
    where datdba = (select usesysid from pg_user where usename = current_user)
      and not datistemplate and datallowconn and datname not in ('postgres', 'template0')
    order by datname
"""
TENANT = "acme-2"


@pytest.fixture(scope="module")
def odoo(demo: Clone) -> Iterator[dict[str, Any]]:
    """How Odoo's role logs in; and at the end its tenant's database is gone."""
    state = json.loads(demo.shell("pulumi stack export --show-secrets --stack prod").stdout)
    demo.said.clear()  # this very output shows secrets, as was asked for
    (found,) = [one for one in state["deployment"]["resources"] if one["urn"].endswith("::odoo-db-password")]
    yield {**server(demo), "user": "odoo", "password": json.loads(found["outputs"]["result"]["plaintext"])}
    with provisioner(demo) as made:
        made.execute(f'drop database if exists "{TENANT}"')


def server(demo: Clone) -> dict[str, Any]:
    """Where the server of the host listens on this machine."""
    port = demo.platform()["databaseServers"]["vps"]["localPort"]
    return {"host": "127.0.0.1", "port": port, "dbname": "postgres", "autocommit": True}


def provisioner(demo: Clone, database: str = "postgres") -> psycopg.Connection[Any]:
    """Logged in as the provisioner."""
    keyring = Keyring.open(demo.home.keyring, Identity.read(demo.home.key))
    password = keyring.get("prod/databaseProvisionerPasswords/vps")
    login = {"user": "smarteros_provisioner_login", "password": password, "dbname": database}
    return psycopg.connect(**{**server(demo), **login})


def test_a_tenants_database_is_made_by_the_provisioner_and_served_by_odoo(demo: Clone, odoo: dict[str, Any]) -> None:
    """As the page has it, word for word; then Odoo sees it beside its own, and may write there."""
    with provisioner(demo) as made:
        made.execute(f"""CREATE DATABASE "{TENANT}" OWNER odoo TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'""")
        made.execute(f'REVOKE CONNECT ON DATABASE "{TENANT}" FROM PUBLIC')
    with provisioner(demo, TENANT) as inside:
        inside.execute("SET ROLE odoo")
        inside.execute("CREATE EXTENSION pg_trgm")
        inside.execute("CREATE EXTENSION unaccent")
    with psycopg.connect(**odoo) as own:
        assert own.execute(OWNED).fetchall() == [(TENANT,), ("odoo",)]
    with psycopg.connect(**{**odoo, "dbname": TENANT}) as own:
        own.execute("create table ir_module_module (name text)")
        own.execute("create extension if not exists pg_trgm")


def test_odoo_makes_no_database_and_enters_no_other(odoo: dict[str, Any]) -> None:
    """Neither the screens that are shut, nor who breaks in, can; and others' databases are closed to it."""
    with psycopg.connect(**odoo) as own:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            own.execute("create database mine")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            own.execute("create role mine")
    for other in ("knowledge", "metabase"):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(**{**odoo, "dbname": other})
