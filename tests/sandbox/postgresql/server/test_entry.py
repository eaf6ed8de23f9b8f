"""The administrator's password of a server on a host: each start of its container sets it, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from components.placements.docker.postgres import (
    DATA,
    PASSWORD_FILE,
    WAL_ACCESS,
    WAL_PASSWORD_FILE,
    postgres_workload,
)
from components.workload import Workload
from sandbox.postgresql.server.clusters import ADDRESS, Cluster
from sandbox.postgresql.server.containers import told
from sandbox.postgresql.server.entry import run_entry
from settings.default_images import every_default_image
from settings.places import DockerPostgres

OLD, NEW = "OldPassw0rdOfTwentyLetters", "NewPassw0rdOfTwentyLetters"
WAL = "WalPassw0rdOfTwentyLetters"
FILE = f"{Workload.SECRETS_FOLDER}/{PASSWORD_FILE}"
WAL_FILE = f"{Workload.SECRETS_FOLDER}/{WAL_PASSWORD_FILE}"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A server that was made with the old password, and is off."""
    made = Cluster(tmp_path / "server with a space")
    made.create("postgres", OLD, superuser=True)
    made.stop()
    yield made
    made.destroy()


def started(cluster: Cluster, password: str) -> None:
    """What the declared container does as it starts with that password in its file."""
    place = DockerPostgres.model_validate({"where": "docker", "host": "vps"})
    workload = postgres_workload(every_default_image()["postgres"], place, password, WAL)
    command = [*workload.command, *workload.args]
    cluster.tune(told(command))
    run_entry(cluster, command, DATA, {FILE: password, WAL_FILE: WAL})
    cluster.start()


def lets_in(cluster: Cluster, password: str) -> bool:
    """Whether the administrator comes in with it."""
    access = {"host": ADDRESS, "port": cluster.port, "user": "postgres", "dbname": "postgres"}
    try:
        connection = psycopg.connect(**access, password=password)  # type: ignore[arg-type] # mypy takes one value for all
    except psycopg.OperationalError:
        return False
    with connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def test_a_start_with_another_password_sets_it(cluster: Cluster) -> None:
    """The new one and no other; twice is as good as once; as SCRAM."""
    for _ in range(2):
        started(cluster, NEW)
        assert (lets_in(cluster, NEW), lets_in(cluster, OLD)) == (True, False)
        cluster.stop()
    log = (cluster.folder / "log").read_text(encoding="utf-8", errors="replace")
    assert NEW not in log


def test_a_start_after_a_crash_sets_it_too(cluster: Cluster) -> None:
    """What the killed server left behind, its lock file included, keeps nobody out."""
    (cluster.data / "postmaster.pid").write_text("999999\n/nowhere\n0\n5432\n\n\n\n", encoding="ascii")
    started(cluster, NEW)
    assert lets_in(cluster, NEW)


def test_a_password_that_can_not_be_set_stops_the_start(cluster: Cluster) -> None:
    """Rather than a server that keeps the old one without a word: a folder that is no cluster's."""
    (cluster.data / "global" / "pg_control").unlink()
    with pytest.raises(ValueError, match="could not be set"):
        started(cluster, NEW)


def test_the_role_that_streams_the_log_may_do_that_and_no_more(cluster: Cluster) -> None:
    """It replicates, with its password alone, and only where the one line lets it; twice is as good as once. It writes
    nothing and makes nobody, and what Barman needs it may call.
    """
    for _ in range(2):
        started(cluster, NEW)
        access = {"host": ADDRESS, "port": cluster.port, "user": "smarteros_wal", "password": WAL, "dbname": "postgres"}
        with psycopg.connect(**access, autocommit=True) as connection:  # type: ignore[arg-type] # mypy takes one value for all
            row = connection.execute(
                "SELECT rolreplication, rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls,"
                " pg_has_role(current_user, 'pg_read_all_data', 'USAGE'),"
                " has_function_privilege('pg_backup_start(text,boolean)', 'EXECUTE')"
                " FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
            for refused in ("CREATE ROLE other", "CREATE DATABASE other", "CREATE TABLE public.other ()"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(refused)
        cluster.stop()
    assert row == (True, False, False, True)
    lines = (cluster.data / "pg_hba.conf").read_text(encoding="utf-8").splitlines()
    assert lines.count(WAL_ACCESS) == 1


def test_nobody_else_may_replicate(cluster: Cluster) -> None:
    """The line names one role: another's password lets it in to databases alone, the administrator's too."""
    started(cluster, NEW)
    access = {"host": ADDRESS, "port": cluster.port, "user": "postgres", "password": NEW, "dbname": "postgres"}
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry for replication"):
        psycopg.connect(**access, replication="true")  # type: ignore[arg-type] # mypy takes one value for all


def test_a_new_server_is_left_to_the_image(tmp_path: Path) -> None:
    """It has no cluster yet, so there is nothing to set."""
    place = DockerPostgres.model_validate({"where": "docker", "host": "vps"})
    workload = postgres_workload(every_default_image()["postgres"], place, NEW, WAL)
    run_entry(Cluster(tmp_path), [*workload.command, *workload.args], DATA, {FILE: NEW, WAL_FILE: WAL})
