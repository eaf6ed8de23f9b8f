"""The simulated database hosts are real PostgreSQL servers, with the vendors' limits and without leaks."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from sandbox.postgresql.server import process as postgres_process
from sandbox.postgresql.server.clusters import ADDRESS, Cluster, PostgresError

ROOT = Path(__file__).resolve().parents[4]
PASSWORD = "correct horse 'battery\\ staple"  # with what must be quoted


def connect(
    cluster: Cluster, user: str, password: str = PASSWORD, database: str = "postgres"
) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=ADDRESS, port=cluster.port, user=user, password=password, dbname=database, autocommit=True
    )


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("azure") / "server")
    cluster.create("smarter", PASSWORD, superuser=False)
    yield cluster
    cluster.destroy()


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("vps") / "with 'no' quotes".replace("'", ""))
    cluster.create("postgres", PASSWORD, superuser=True, databases=["chatwoot"])
    yield cluster
    cluster.destroy()


def test_the_containers_administrator_is_a_superuser_with_pgvector(container: Cluster) -> None:
    """A container's server gives its administrator everything, and has the databases that were asked for."""
    with closing(connect(container, "postgres", database="chatwoot")) as connection:
        connection.execute("CREATE EXTENSION vector")
        distance = connection.execute("SELECT '[1,0]'::vector <-> '[1,3]'::vector").fetchone()
        superuser = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = 'postgres'").fetchone()
    assert (distance, superuser) == ((3.0,), (True,))


def test_the_owner_of_a_database_in_a_container_creates_what_is_trusted(container: Cluster) -> None:
    """As in PostgreSQL: pg_trgm is, pg_stat_statements is not; where it is there already, to ask again is no error."""
    with closing(connect(container, "postgres")) as connection:
        connection.execute("CREATE ROLE owner LOGIN PASSWORD 'owner'")
        connection.execute("CREATE DATABASE owned OWNER owner TEMPLATE template0")
    with closing(connect(container, "owner", "owner", "owned")) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        with closing(connect(container, "postgres", database="owned")) as administrator:
            administrator.execute("CREATE EXTENSION pg_stat_statements")
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        there = connection.execute("SELECT extname, extversion FROM pg_extension ORDER BY 1").fetchall()
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="not available"):
            connection.execute("CREATE EXTENSION postgis")
    assert there == [("pg_stat_statements", "1.11"), ("pg_trgm", "1.6"), ("plpgsql", "1.0")]


def test_a_server_made_before_there_were_stand_ins_gets_them_when_it_starts(tmp_path: Path) -> None:
    """Nobody has to throw a sandbox away."""
    cluster = Cluster(tmp_path / "old")
    cluster.create("postgres", PASSWORD, superuser=True)
    cluster.stop()
    shutil.rmtree(cluster.folder / "extension")
    cluster.start()
    with closing(connect(cluster, "postgres")) as connection:
        connection.execute("CREATE EXTENSION pgcrypto")
    cluster.destroy()


def test_a_wrong_password_is_refused(container: Cluster) -> None:
    """Nobody is trusted: every connection proves a password with SCRAM."""
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(container, "postgres", "wrong")


def test_it_listens_on_this_machine_only_and_has_no_socket(container: Cluster) -> None:
    """A simulated server is reachable over TCP on 127.0.0.1 and in no other way."""
    with closing(connect(container, "postgres")) as connection:
        row = connection.execute(
            "SELECT current_setting('listen_addresses'), current_setting('unix_socket_directories'), "
            "(SELECT string_agg(DISTINCT concat_ws(' ', type, address, auth_method), ';') "
            "FROM pg_hba_file_rules)"
        ).fetchone()
    assert row == ("127.0.0.1", "", "host 127.0.0.1 scram-sha-256")


def test_a_managed_servers_administrator_is_no_superuser(managed: Cluster) -> None:
    """Azure's administrator may make databases and roles, and may not read the server's files or make
    superusers.
    """
    with closing(connect(managed, "smarter")) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, pg_has_role('azure_pg_admin', 'MEMBER') "
            "FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert row == (False, True, True, True)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE ROLE boss SUPERUSER")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT pg_read_file('/etc/hostname')")


def test_extensions_of_a_managed_server_follow_the_allow_list(managed: Cluster) -> None:
    """An extension that azure.extensions does not list is refused with Azure's error, in every database, at
    once.
    """
    managed.allow_extensions([])
    with closing(connect(managed, "smarter")) as connection:
        connection.execute("CREATE DATABASE listed TEMPLATE template0")
    with closing(connect(managed, "smarter", database="listed")) as connection:
        with pytest.raises(
            psycopg.errors.FeatureNotSupported, match='"vector" is not allow-listed for "azure_pg_admin"'
        ):
            connection.execute("CREATE EXTENSION vector")
        managed.allow_extensions(["VECTOR", "pg_trgm", "hypopg"])
        connection.execute("CREATE EXTENSION vector")
        assert connection.execute("SELECT '[1,2]'::vector <#> '[3,4]'::vector").fetchone() == (-11.0,)
        connection.execute("CREATE EXTENSION pg_trgm")
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="simulated server does not carry it"):
            connection.execute("CREATE EXTENSION hypopg")
    with closing(connect(managed, "smarter", database="listed")) as connection:
        assert connection.execute("SHOW azure.extensions").fetchone() == ("HYPOPG,PG_TRGM,VECTOR",)


def test_only_the_administrators_create_extensions(managed: Cluster) -> None:
    """Owning a database is not enough on Azure: the extension is refused to those outside azure_pg_admin."""
    managed.allow_extensions(["vector"])
    with closing(connect(managed, "smarter")) as connection:
        connection.execute("CREATE ROLE app LOGIN PASSWORD 'app'")
        connection.execute("GRANT app TO smarter WITH SET TRUE, INHERIT TRUE")
        connection.execute("CREATE DATABASE app OWNER app")
    with (
        closing(connect(managed, "app", "app", "app")) as connection,
        pytest.raises(psycopg.errors.RaiseException, match='Only members of "azure_pg_admin"'),
    ):
        connection.execute("CREATE EXTENSION vector")


def test_an_unknown_extension_on_the_allow_list_is_refused(managed: Cluster) -> None:
    """A typo in azure.extensions is found when it is set."""
    with pytest.raises(PostgresError, match="no such extension on Azure: pgvector"):
        managed.allow_extensions(["pgvector"])


def test_the_administrators_password_can_be_changed_from_outside(managed: Cluster) -> None:
    """What Azure's control plane does when the server's administratorLoginPassword changes."""
    managed.set_admin_password("an'other")
    connect(managed, "smarter", "an'other").close()
    managed.set_admin_password(PASSWORD)
    connect(managed, "smarter").close()


def test_no_password_is_left_in_the_folder(managed: Cluster) -> None:
    """The administrator's password is nowhere on the disk; the cloud's own only the sandbox can read."""
    with (
        closing(connect(managed, "smarter")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"CREATE ROLE x SUPERUSER PASSWORD '{PASSWORD.replace(chr(39), chr(39) * 2)}'")
    texts = [file for file in managed.folder.rglob("*") if file.is_file() and b"battery" in file.read_bytes()]
    assert texts == []
    assert (managed.folder / "superuser").stat().st_mode & 0o777 == 0o600


def test_what_was_written_outlives_a_stop(tmp_path: Path) -> None:
    """Stop and start keep data and port; a second start does nothing; destroy leaves nothing behind."""
    cluster = Cluster(tmp_path / "server")
    cluster.create("postgres", PASSWORD, superuser=True)
    port = cluster.port
    with closing(connect(cluster, "postgres")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    cluster.stop()
    assert not cluster.running
    again = Cluster(tmp_path / "server")
    again.start()
    again.start()
    with closing(connect(again, "postgres")) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    assert again.port == port
    again.destroy()
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_is_replaced(tmp_path: Path) -> None:
    """When another program has taken the cluster's port meanwhile, it listens on another one."""
    cluster = Cluster(tmp_path / "server")
    cluster.create("postgres", PASSWORD, superuser=True)
    before = cluster.port
    cluster.stop()
    try:
        with socket.create_server((ADDRESS, before)):
            cluster.start()
            assert cluster.port != before
            connect(cluster, "postgres").close()
    finally:
        cluster.destroy()


def test_an_interrupted_creation_is_made_anew(tmp_path: Path) -> None:
    """A folder without its stamp is no cluster: creating again starts from nothing."""
    folder = tmp_path / "server"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "PG_VERSION").write_text("18")
    cluster = Cluster(folder)
    assert not cluster.exists
    cluster.create("postgres", PASSWORD, superuser=True)
    with pytest.raises(PostgresError, match="exists already"):
        cluster.create("postgres", PASSWORD, superuser=True)
    cluster.destroy()


OWNER = """
import sys, time
from pathlib import Path
from sandbox.postgresql.server.clusters import Cluster
cluster = Cluster(Path(sys.argv[1]))
cluster.create("postgres", "secret", superuser=True)
print((cluster.data / "postmaster.pid").read_text().split()[0], flush=True)
time.sleep(60)
"""


def test_the_server_dies_with_its_sandbox(tmp_path: Path) -> None:
    """Killed without a word, a sandbox leaves no server behind; while it lives, no other sandbox may take its
    cluster.
    """
    owner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OWNER), str(tmp_path / "server")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert owner.stdout
    server = psutil.Process(int(owner.stdout.readline()))
    with pytest.raises(PostgresError, match=f"process {owner.pid} runs this cluster"):
        Cluster(tmp_path / "server").start()
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    server.wait(timeout=5)
    Cluster(tmp_path / "server").destroy()


def test_a_server_that_outlived_its_sandbox_is_found_and_stopped(tmp_path: Path) -> None:
    """Even when the watching shell was killed too, the next start ends the old server."""
    first = Cluster(tmp_path / "server")
    first.create("postgres", PASSWORD, superuser=True)
    server = postgres_process.server_of(first.folder)
    assert server
    assert first._process
    shell = first._process.pid
    for watcher in {shell, *(child.pid for child in psutil.Process(shell).children())} - {server.pid}:
        os.kill(watcher, signal.SIGKILL)
    first._process.wait()
    time.sleep(0.05)
    assert server.is_running()
    second = Cluster(tmp_path / "server")
    second.start()
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE
    second.destroy()
    first.stop()
