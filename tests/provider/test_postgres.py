"""Migrations and sessions on a real PostgreSQL, as the provisioner's login: never as an administrator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from provider import migrations
from provider.migration_files import latest
from provider.migrations import MIGRATIONS, MigrationsInputs
from provider.resource_type import ProviderError
from provider.sessions import SESSIONS, SessionsInputs
from sandbox.postgresql.server.clusters import Cluster
from tests.provider.servers import PASSWORD, admin, config_of, postgres_server

WANTED = MigrationsInputs.model_validate(
    {"database": "t_acme", "role": "t_acme", "set": "knowledge", "version": latest("knowledge")}
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with postgres_server(tmp_path_factory.mktemp("pg") / "server") as cluster:
        yield cluster


@pytest.fixture
def database(server: Cluster) -> Iterator[Cluster]:
    """A tenant's database, made as the steps make it."""
    with psycopg.connect(**admin(server)) as connection:
        connection.autocommit = True
        connection.execute("SET ROLE provisioner")
        connection.execute(f"CREATE ROLE t_acme LOGIN PASSWORD '{PASSWORD}'")
        connection.execute("GRANT t_acme TO provisioner")
        connection.execute("CREATE DATABASE t_acme OWNER t_acme")
        connection.execute("REVOKE ALL ON DATABASE t_acme FROM PUBLIC")
    with psycopg.connect(**admin(server, "t_acme")) as connection:
        connection.execute("CREATE EXTENSION vector")
    yield server
    with psycopg.connect(**admin(server)) as connection:
        connection.autocommit = True
        connection.execute("DROP DATABASE t_acme WITH (FORCE)")
        connection.execute("DROP ROLE t_acme")


def test_the_schema_is_the_tenants_own_and_twice_is_no_change(database: Cluster) -> None:
    """The owner may use and change what was made; a document's chunk is found by its embedding."""
    for _ in range(2):
        assert MIGRATIONS.handler.create(config_of(database), WANTED)[0] == "t_acme/knowledge"
    with psycopg.connect(**admin(database, "t_acme", "t_acme")) as owner:
        owner.execute(
            "INSERT INTO documents (source, title, content_sha256) VALUES ('s', 't', decode(repeat('00', 32), 'hex'))"
        )
        for position, axis in enumerate((0, 1)):
            vector = [1.0 if index == axis else 0.0 for index in range(1536)]
            owner.execute(
                "INSERT INTO chunks (document_id, position, tokens, content, embedding) "
                "SELECT id, %s, 12, %s, %s::vector FROM documents",
                (position, f"chunk {axis}", str(vector)),
            )
        near = str([0.9, 0.1] + [0.0] * 1534)
        found = owner.execute(
            "SELECT content FROM chunks ORDER BY embedding <=> %s::vector LIMIT 1", (near,)
        ).fetchone()
        assert found == ("chunk 0",)
        owners = owner.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert owners == [("t_acme",)]
        index = owner.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'chunks_embedding'").fetchone()
        assert index is not None
        assert "USING hnsw" in index[0]


@pytest.mark.parametrize(("tokens", "dimensions"), [(513, 1536), (0, 1536), (10, 3)])
def test_a_chunk_of_another_size_is_refused(database: Cluster, tokens: int, dimensions: int) -> None:
    """At most 512 tokens, exactly 1,536 dimensions."""
    MIGRATIONS.handler.create(config_of(database), WANTED)
    chunk = (
        "INSERT INTO chunks (document_id, position, tokens, content, embedding) "
        "SELECT id, 0, %s, 'x', %s::vector FROM documents"
    )
    with psycopg.connect(**admin(database, "t_acme", "t_acme")) as owner:
        owner.execute(
            "INSERT INTO documents (source, title, content_sha256) VALUES ('s', 't', decode(repeat('00', 32), 'hex'))"
        )
        with pytest.raises(psycopg.Error, match=r"tokens|dimensions"):
            owner.execute(chunk, (tokens, str([0.0] * dimensions)))


def test_what_was_applied_is_read_from_the_database(database: Cluster) -> None:
    """None before, the last file after; None with a database that is gone. Of an owner whom somebody made a superuser
    the provisioner can take no look: that is told of the role, and nothing of the schema. Any other failure is one.
    """
    handler, config = MIGRATIONS.handler, config_of(database)
    assert handler.read(config, "t_acme/knowledge", WANTED) is None
    handler.create(config, WANTED)
    assert handler.read(config, "t_acme/knowledge", WANTED) == {"version": latest("knowledge")}
    assert handler.read(config, "x", WANTED.model_copy(update={"database": "t_gone"})) is None
    with psycopg.connect(**admin(database), autocommit=True) as connection:
        connection.execute("ALTER ROLE t_acme SUPERUSER")
        assert handler.read(config, "t_acme/knowledge", WANTED) == {"version": WANTED.version}
        connection.execute("ALTER ROLE t_acme NOSUPERUSER")
    with pytest.raises(ProviderError, match="no set of migrations"):
        handler.read(config, "x", WANTED.model_copy(update={"set": "unknown"}))


def test_an_older_program_is_refused(database: Cluster) -> None:
    """It would run against tables that it does not know."""
    newer = WANTED.model_copy(update={"version": "9999.later"})
    with pytest.raises(ProviderError, match="it would meet tables"):
        MIGRATIONS.handler.update(config_of(database), "t_acme/knowledge", newer, WANTED)


def test_a_broken_file_leaves_nothing_half_done(
    database: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file is one transaction; the mended file completes it."""
    (tmp_path / "knowledge").mkdir()
    first, second = tmp_path / "knowledge" / "0001.a.sql", tmp_path / "knowledge" / "0002.b.sql"
    first.write_text("CREATE TABLE one (id int);")
    second.write_text("CREATE TABLE two (id int); SELECT 1 / 0;")
    monkeypatch.setattr(migrations, "FOLDER", tmp_path)
    with pytest.raises(ProviderError, match="division by zero"):
        MIGRATIONS.handler.create(config_of(database), WANTED)
    tables = "SELECT tablename FROM pg_tables WHERE tablename IN ('one', 'two') ORDER BY 1"
    with psycopg.connect(**admin(database, "t_acme", "t_acme")) as owner:
        assert owner.execute(tables).fetchall() == [("one",)]
    second.write_text("CREATE TABLE two (id int);")
    MIGRATIONS.handler.create(config_of(database), WANTED)
    with psycopg.connect(**admin(database, "t_acme", "t_acme")) as owner:
        assert owner.execute(tables).fetchall() == [("one",), ("two",)]


def test_sessions_end_when_none_are_allowed(database: Cluster) -> None:
    """Also one in the middle of a transaction; others' go on. Allowed again, they are left alone."""
    closed = SessionsInputs.model_validate({"role": "t_acme", "allowed": False})
    allowed = SessionsInputs.model_validate({"role": "t_acme", "allowed": True})
    handler, config = SESSIONS.handler, config_of(database)
    with (
        psycopg.connect(**admin(database, "t_acme", "t_acme")) as theirs,
        psycopg.connect(**admin(database, "t_acme")) as others,
    ):
        theirs.execute("SELECT 1")
        handler.create(config, allowed)
        assert theirs.execute("SELECT 1").fetchone() == (1,)
        assert handler.read(config, "t_acme", closed) == {"allowed": True}
        handler.update(config, "t_acme", allowed, closed)
        with pytest.raises(psycopg.OperationalError):
            theirs.execute("SELECT 1")
        assert others.execute("SELECT 1").fetchone() == (1,)
    assert handler.read(config, "t_acme", closed) == {}


def test_a_password_that_somebody_changed_is_seen_and_set_again(database: Cluster) -> None:
    """Tried at the door, as the vendor's provider does not; another reason to let nobody in is no answer, and behind a
    door that is closed nobody looks.
    """
    known = SessionsInputs.model_validate({"role": "t_acme", "allowed": True, "password": PASSWORD})
    handler, config = SESSIONS.handler, config_of(database)
    assert handler.read(config, "t_acme", known) == {}
    with psycopg.connect(**admin(database), autocommit=True) as connection:
        connection.execute("ALTER ROLE t_acme PASSWORD 'of somebody'")
        assert handler.read(config, "t_acme", known) == {"password": ""}
        assert handler.read(config, "t_acme", known.model_copy(update={"allowed": False})) == {}
        connection.execute("ALTER ROLE t_acme NOLOGIN")
        handler.update(config, "t_acme", known.model_copy(update={"password": ""}), known)
        connection.execute("ALTER ROLE t_acme LOGIN CONNECTION LIMIT 0")
        assert handler.read(config, "t_acme", known) == {}
        connection.execute("ALTER ROLE t_acme CONNECTION LIMIT -1")
    with psycopg.connect(**admin(database, "t_acme", "t_acme")) as owner:
        assert owner.execute("SELECT 1").fetchone() == (1,)


def test_what_a_role_sets_for_itself_is_seen_and_taken_back(database: Cluster) -> None:
    """For itself, for its database, and for itself in one: each by which it lifts a limit of time. Its limits are
    its comment, which it can't change; one that somebody changed is seen.
    """
    known = SessionsInputs.model_validate({"role": "t_acme", "allowed": True, "limits": "smarteros {}"})
    handler, config = SESSIONS.handler, config_of(database)
    handler.create(config, known)
    assert handler.read(config, "t_acme", known) == {}
    with psycopg.connect(**admin(database, "t_acme", "t_acme"), autocommit=True) as owner:
        owner.execute("ALTER ROLE t_acme SET statement_timeout TO 0")
        owner.execute("ALTER ROLE t_acme IN DATABASE t_acme SET lock_timeout TO 0")
        owner.execute("ALTER DATABASE t_acme SET idle_session_timeout TO 0")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute("COMMENT ON ROLE t_acme IS NULL")
    seen = "idle_session_timeout (t_acme), lock_timeout (t_acme), statement_timeout (everywhere)"
    assert handler.read(config, "t_acme", known) == {"settings": seen}
    with psycopg.connect(**admin(database), autocommit=True) as connection:
        connection.execute("COMMENT ON ROLE t_acme IS 'smarteros {\"statement_s\": 9999}'")
        found = handler.read(config, "t_acme", known)
        assert found is not None
        assert found["limits"] == 'smarteros {"statement_s": 9999}'
        handler.update(config, "t_acme", known, known)
        assert handler.read(config, "t_acme", known) == {}
        assert connection.execute("SELECT count(*) FROM pg_db_role_setting WHERE setdatabase <> 0").fetchone() == (0,)
