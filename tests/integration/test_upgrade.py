"""Another version of Chatwoot by the command: it comes back by itself when its migration fails, with every row as it
was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.integration.conftest import Clone
from tests.integration.test_demo import last_json
from tests.integration.test_tenant_life import secret
from tests.integration.test_tenants import server

pytestmark = pytest.mark.slow
DIGEST = "sha256:" + "a" * 64
NEW = f"v4.19.0-ce@{DIGEST}"
CONTAINER = "docker:index/container:Container"
# Tables as Chatwoot's own schema has them (chatwoot/chatwoot db/schema.rb), as far as a checksum needs them.
SCHEMA = """
CREATE TABLE accounts (id serial PRIMARY KEY, name varchar NOT NULL, created_at timestamp NOT NULL DEFAULT now());
CREATE TABLE conversations (id serial PRIMARY KEY, account_id int NOT NULL, display_id int NOT NULL, status int
DEFAULT 0); CREATE TABLE messages (id serial PRIMARY KEY, content text, account_id int NOT NULL, conversation_id int
NOT NULL); INSERT INTO accounts (name) SELECT 'Ferretería ' || n FROM generate_series(1, 4) n;
INSERT INTO conversations (account_id, display_id) SELECT 1 + n % 4, n FROM generate_series(1, 200) n;
INSERT INTO messages (content, account_id, conversation_id) SELECT md5(n::text), 1 + n % 4, 1 + n % 200 FROM
generate_series(1, 2000) n;
"""


def resources(clone: Clone) -> dict[str, dict[str, Any]]:
    """The platform's resources by name, secrets shown."""
    exported = json.loads(clone.shell("pulumi stack export --show-secrets --stack prod").stdout)
    return {one["urn"].rsplit("::", 1)[-1]: one for one in exported["deployment"]["resources"]}


def connected(clone: Clone) -> psycopg.Connection[Any]:
    """As Chatwoot itself."""
    password = secret(resources(clone)["chatwoot-db-password"])
    return psycopg.connect(**server(clone), dbname="chatwoot", user="chatwoot", password=password, autocommit=True)


def checksums(clone: Clone) -> dict[str, str]:
    """Of every table and its columns, and where every sequence is."""
    with connected(clone) as connection:
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        names = [one[0] for one in connection.execute(tables).fetchall()]
        found = {}
        for name in names:
            of_all = sql.SQL(
                "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {} t"
            )
            ((found[name],),) = connection.execute(of_all.format(sql.Identifier(name))).fetchall()
        sequences = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
        return found | {name: str(value) for name, value in connection.execute(sequences).fetchall()}


def running(clone: Clone) -> str:
    """Which image Chatwoot's web was declared with."""
    return str(resources(clone)["chatwoot-image"]["inputs"]["name"])


@pytest.fixture(scope="module")
def filled(demo: Clone) -> Iterator[Clone]:
    """Chatwoot's database has rows; they are gone afterwards, and so is what restores left."""
    with connected(demo) as connection:
        connection.execute(SCHEMA)
    try:
        yield demo
    finally:
        with connected(demo) as connection:
            connection.execute("DROP TABLE IF EXISTS accounts, conversations, messages, begun_migration")


def test_a_failed_migration_comes_back_by_itself_with_every_checksum_equal(filled: Clone) -> None:
    """The migration really changed the database; image, settings and rows are as before, and what it left is kept
    aside.
    """
    before, image = checksums(filled), running(filled)
    settings = (filled.home.project / "Pulumi.prod.yaml").read_text()
    filled.smos("sandbox", "fault", "migration-fails", "--token", "*-chatwoot")
    failed = filled.smos("upgrade", "chatwoot", NEW, "--yes", ok=False)
    said = failed.stdout + failed.stderr
    assert "chatwoot is v4.18.0-ce again, with its data as before" in said, said
    assert "timeout waiting for healthy state: a migration failed" in said, said
    assert "kept aside as" in said, said
    assert (checksums(filled), running(filled)) == (before, image)
    assert (filled.home.project / "Pulumi.prod.yaml").read_text() == settings
    assert len([one for one in before if one in ("accounts", "conversations", "messages")]) == 3
    assert last_json(filled.smos("status", "prod", "--only", "health", "--only", "drift", "--json").stdout)["ok"]
    with connected(filled) as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'chatwoot%before%'").fetchall()
    assert len(left) == 1, left


def test_what_the_vendor_refuses_touches_nothing(filled: Clone) -> None:
    """Exit code 2, the reason and the way."""
    refused = filled.smos("upgrade", "odoo", f"20.0-20261101@{DIGEST}", "--yes", ok=None)
    assert refused.returncode == 2
    assert "can't be opened by another" in refused.stdout + refused.stderr
    assert filled.smos("upgrade", "chatwoot", "v4.19.0-ce", "--yes", ok=None).returncode == 2
    assert filled.smos("upgrade", "chatwoot", f"v4.17.0-ce@{DIGEST}", "--yes", ok=None).returncode == 2
