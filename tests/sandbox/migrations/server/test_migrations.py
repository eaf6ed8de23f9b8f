"""A migration that fails has really changed the database behind the container."""

from __future__ import annotations

from pathlib import Path

import psycopg

from sandbox.migrations.server.migrations import Login, _migrate
from sandbox.postgresql.server.clusters import ADDRESS, Cluster

PASSWORD = "of the test's own server"


def test_it_changes_rows_columns_and_sequences_and_commits(tmp_path: Path) -> None:
    """A restore that leaves anything of it would be seen."""
    cluster = Cluster(tmp_path / "cluster")
    cluster.create("chatwoot", PASSWORD, superuser=True, databases=["app"])
    try:
        login = Login(host="db", port=5432, database="app", user="chatwoot", password=PASSWORD)
        way = {"host": ADDRESS, "port": str(cluster.port), "dbname": "app", "user": "chatwoot", "password": PASSWORD}
        with psycopg.connect(psycopg.conninfo.make_conninfo(**way), autocommit=True) as connection:
            connection.execute("CREATE TABLE accounts (id serial PRIMARY KEY, name text)")
            connection.execute("CREATE TABLE messages (id serial PRIMARY KEY, content text)")
            connection.execute("INSERT INTO accounts (name) VALUES ('a'), ('b')")
            connection.execute("INSERT INTO messages (content) VALUES ('one'), ('two'), ('three')")
            _migrate((ADDRESS, cluster.port), login, "v4.19.0-ce")
            assert connection.execute("SELECT count(*) FROM accounts").fetchone() == (0,)
            migrated = connection.execute("SELECT count(*), min(migrated_to) FROM messages").fetchone()
            assert migrated == (3, "v4.19.0-ce")
            assert connection.execute("SELECT last_value FROM messages_id_seq").fetchone() == (900000,)
            assert connection.execute("SELECT tag FROM begun_migration").fetchone() == ("v4.19.0-ce",)
    finally:
        cluster.destroy()
