"""What the simulated PostgreSQL provider does, it does in a real server, as an administrator who is no superuser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from sandbox.postgresql.connection import Refused
from sandbox.postgresql.server.clusters import Cluster
from tests.sandbox.postgresql.postgresql_acts import (
    PASSWORD,
    SECRET,
    as_configured,
    ask,
    create,
    delete,
    login,
    read,
    update,
)


@pytest.fixture(scope="module", params=[False, True], ids=["managed", "superuser"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("postgresql") / "server")
    cluster.create("smarter", PASSWORD, superuser=request.param)
    if not request.param:
        cluster.allow_extensions(["vector"])
    yield cluster
    cluster.destroy()


@pytest.fixture
def config(server: Cluster) -> dict[str, Any]:
    """Of whoever administers it."""
    return as_configured(server)


def test_a_tenant_gets_a_role_a_database_and_pgvector_and_loses_them(config: dict[str, Any]) -> None:
    """The owner dance works without superuser rights, and deletion leaves nothing, though somebody is connected."""
    role = {"name": "acme", "login": True, "password": SECRET, "connectionLimit": 5, "statementTimeout": 9000}
    database = {"name": "acme db", "owner": "acme", "connectionLimit": 7}
    create("Role", role, config)
    mine = {"name": "acme db", "connectionLimit": 7}
    assert create("Database", mine, config)["encoding"] == "UTF8"
    extension = create("Extension", {"name": "vector", "database": "acme db"}, config)
    assert extension["id"] == "acme db.vector"
    assert extension["schema"] == "public"
    update("Database", mine, database, config)
    assert ask(config, "SHOW statement_timeout", "acme db", user="acme", password=SECRET) == "9s"
    seen = read("Database", database, config)
    assert seen is not None
    assert (seen["owner"], seen["connectionLimit"], seen["isTemplate"]) == ("acme", 7, False)
    held = login(config, "acme db", "acme", SECRET)
    delete("Extension", {"name": "vector", "database": "acme db"}, config)
    delete("Database", database, config)
    held.close()
    delete("Role", role, config)
    assert read("Database", database, config) is None
    assert read("Role", role, config) is None


def test_a_role_changes_in_place(config: dict[str, Any]) -> None:
    """A new password, name, limit and membership reach the server; a refresh shows them."""
    create("Role", {"name": "readers"}, config)
    old = {"name": "bob", "login": True, "password": "old"}
    new = {"name": "robert", "login": True, "password": SECRET, "connectionLimit": 3, "roles": ["readers"]}
    create("Role", old, config)
    update("Role", old, new, config)
    assert ask(config, "SELECT current_user::text", user="robert", password=SECRET) == "robert"
    seen = read("Role", new, config)
    assert seen is not None
    assert (seen["connectionLimit"], seen["roles"], seen["validUntil"]) == (3, ["readers"], "infinity")
    for name in ("robert", "readers"):
        delete("Role", {"name": name}, config)


def test_privileges_are_exactly_those_that_were_asked_for(config: dict[str, Any]) -> None:
    """A grant takes what is too much away, is seen at refresh when it drifted, and ends with its resource."""
    create("Role", {"name": "metabase", "login": True, "password": SECRET}, config)
    create("Role", {"name": "shop"}, config)
    create("Database", {"name": "shop", "owner": "shop"}, config)
    create("Schema", {"name": "facts", "database": "shop", "owner": "shop"}, config)
    usage = {"database": "shop", "role": "metabase", "objectType": "schema", "schema": "facts", "privileges": ["USAGE"]}
    tables = {**usage, "objectType": "table", "privileges": ["SELECT"]}
    later = {**tables, "owner": "shop"}
    for name, inputs in (("Grant", usage), ("DefaultPrivileges", later), ("Grant", tables)):
        create(name, inputs, config)
    with closing(login(config, "shop")) as admin:
        admin.execute("GRANT shop TO smarter")
        admin.execute("SET ROLE shop")
        admin.execute("CREATE TABLE facts.sales (amount int)")
    assert ask(config, "SELECT count(*) FROM facts.sales", "shop", user="metabase", password=SECRET) == 0
    update("Grant", tables, {**tables, "privileges": ["INSERT"]}, config)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(config, "SELECT count(*) FROM facts.sales", "shop", user="metabase", password=SECRET)
    assert read("Grant", tables, config) == {"privileges": ["INSERT"]}
    delete("Grant", tables, config)
    assert read("Grant", tables, config) == {"privileges": []}
    delete("DefaultPrivileges", later, config)
    delete("Grant", usage, config)
    delete("Schema", {"name": "facts", "database": "shop", "owner": "shop", "dropCascade": True}, config)
    delete("Database", {"name": "shop", "owner": "shop"}, config)
    for name in ("metabase", "shop"):
        delete("Role", {"name": name}, config)


def test_errors_are_the_servers_words_without_secrets(config: dict[str, Any]) -> None:
    """A refusal says what PostgreSQL says, and never a password."""
    create("Role", {"name": "twice", "password": SECRET}, config)
    with pytest.raises(Refused, match=r'^error creating role twice: pq: role "twice" already exists$') as caught:
        create("Role", {"name": "twice", "password": SECRET}, config)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__
    with pytest.raises(Refused, match='pq: role "nobody\'; --" does not exist'):
        create("Database", {"name": "d", "owner": "nobody'; --"}, config)
    with pytest.raises(Refused, match=r"^error creating extension: pq: "):
        create("Extension", {"name": "postgres_fdw", "database": "postgres"}, config)
    with pytest.raises(Refused, match="password authentication failed") as caught:
        create("Role", {"name": "x"}, {**config, "password": SECRET})
    assert SECRET not in str(caught.value)
    with pytest.raises(Refused, match="no such host here"):
        create("Role", {"name": "x"}, {**config, "host": "db.example.com"})
    delete("Role", {"name": "twice"}, config)


def test_the_server_never_sees_a_password(config: dict[str, Any], server: Cluster) -> None:
    """A role's password is sent as a verifier: the server's log, whatever it logs, can't hold the text."""
    if ask(config, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        with closing(login(config)) as admin:
            admin.execute("ALTER ROLE smarter SET log_statement = 'all'")
    create("Role", {"name": "quiet", "login": True, "password": SECRET}, config)
    assert ask(config, "SELECT 1", user="quiet", password=SECRET) == 1
    assert SECRET not in (server.folder / "log").read_text(encoding="utf-8", errors="replace")
    delete("Role", {"name": "quiet"}, config)
