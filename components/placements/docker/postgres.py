"""PostgreSQL with pgvector as a container: what to run. Reached over SSH alone, so it speaks no TLS
itself.

The image gives the administrator a password only as it makes the cluster (docker-library/postgres
docker-entrypoint.sh, docker_init_database_dir); so each start sets it, before anybody can connect. With it comes the
role that streams the write-ahead log: only a superuser may let it call what Barman needs, and no role that is declared
elsewhere gets to replicate (policy/rules/database_roles_confined.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from pulumi import Input

from components.workload import Health, Volume, Workload
from settings.images import Image
from settings.places import DockerPostgres
from settings.postgres import (
    DOCKER_ADMIN,
    PARALLEL_MAINTENANCE_WORKERS,
    WAL_CONNECTIONS,
    WAL_ROLE,
    WAL_SENDERS,
    WAL_SLOTS,
    memory_of,
)

__all__ = ["ADMIN_USER", "SOURCES", "WAL_ACCESS", "postgres_workload"]

_IMAGE = "https://github.com/docker-library/docs/blob/master/postgres/content.md"

SOURCES: Mapping[str, str] = {
    "POSTGRES_*": f"{_IMAGE} (environment variables)",
    "port": f"{_IMAGE} (EXPOSE 5432)",
    "volumes": f"{_IMAGE} (PGDATA)",
    "user": "docker-library/postgres 17/bookworm/docker-entrypoint.sh (it bears --user), Dockerfile (useradd 999)",
    "health": "https://www.postgresql.org/docs/17/app-pg-isready.html",
}
"""Who says so: a variable, the port, the volumes, the health check."""

ADMIN_USER = DOCKER_ADMIN
# The user `postgres` of the image; starting as it spares the container every capability.
POSTGRES_UID = "999:999"
TEMP_FILES_MB = 2048
PASSWORD_FILE = "postgres-password"  # noqa: S105 - a file's name
WAL_PASSWORD_FILE = "wal-password"  # noqa: S105 - a file's name
DATA = "/var/lib/postgresql/data"
WAL_ACCESS = f"host replication {WAL_ROLE} all scram-sha-256"
"""The line of pg_hba.conf: `all` in the image's own names no replication. The server is in a network without a way out,
which the host's SSH server alone leads into."""

_NO_POWERS = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS"
_LIMIT = WAL_CONNECTIONS + WAL_SENDERS
_READS = "pg_read_all_settings, pg_read_all_stats"
_CALLS = "pg_backup_start(text, boolean), pg_backup_stop(boolean), pg_switch_wal(), pg_create_restore_point(text)"
"""What Barman asks of whoever takes base backups (EnterpriseDB/barman barman/postgres.py, has_backup_privileges)."""

START = f"""
set -eu
docker-ensure-initdb.sh "$@"
if [ -s {DATA}/PG_VERSION ]; then
  grep -qxF "{WAL_ACCESS}" {DATA}/pg_hba.conf || printf '\\n%s\\n' "{WAL_ACCESS}" >> {DATA}/pg_hba.conf
  password="$(cat {Workload.SECRETS_FOLDER}/{PASSWORD_FILE})"
  wal_password="$(cat {Workload.SECRETS_FOLDER}/{WAL_PASSWORD_FILE})"
  said="$(printf "%s\\n" "ALTER ROLE {ADMIN_USER} PASSWORD '$password'" \\
    "DO 'BEGIN CREATE ROLE {WAL_ROLE}; EXCEPTION WHEN duplicate_object THEN NULL; END'" \\
    "ALTER ROLE {WAL_ROLE} LOGIN REPLICATION {_NO_POWERS} CONNECTION LIMIT {_LIMIT} PASSWORD '$wal_password'" \\
    "ALTER ROLE {WAL_ROLE} SET search_path = pg_catalog" \\
    "GRANT {_READS} TO {WAL_ROLE}" "GRANT EXECUTE ON FUNCTION {_CALLS} TO {WAL_ROLE}" | postgres --single -D {DATA} \\
    -c password_encryption=scram-sha-256 -c log_min_error_statement=panic postgres 2>&1)" || said="FATAL: $said"
  case "$said" in *ERROR:*|*FATAL:*) echo "the passwords could not be set" >&2; exit 1;; esac
fi
exec docker-entrypoint.sh "$@"
""".strip()
"""By SQL, in PostgreSQL's single-user mode, which asks for no password and lets nobody else in: it needs to know none
that was before, and whoever is killed in it does it again at the next start. A password is in no argument and in no
log. A cluster that is new is made by the image first, in the way that it has for that (docker-library/postgres
docker-ensure-initdb.sh), so that the role is there from the first day.
"""


def _parameters(size: DockerPostgres) -> dict[str, str]:
    memory = memory_of(size.memory_mb)
    return {
        "shared_buffers": f"{memory.shared_buffers}MB",
        "effective_cache_size": f"{memory.effective_cache_size}MB",
        "maintenance_work_mem": f"{memory.maintenance_work_mem}MB",
        "max_parallel_maintenance_workers": str(PARALLEL_MAINTENANCE_WORKERS),
        "max_connections": str(size.max_connections),
        # Of one session, and no role can lift it for itself: what is not in a database is in no quota of disk.
        "temp_file_limit": f"{TEMP_FILES_MB}MB",
        # One that is prepared outlives its session, and keeps its locks from everybody, an export too.
        "max_prepared_transactions": "0",
        # Its log is complete enough to be another server's, and is streamed to whoever has a slot. One that stays away
        # is given up before it has filled the disk: the database goes on, and the receiver's status says so.
        "wal_level": "replica",
        "max_wal_senders": str(WAL_SENDERS),
        "max_replication_slots": str(WAL_SLOTS),
        "max_slot_wal_keep_size": f"{size.wal_kept_gb * 1024}MB",
        "log_connections": "on",
        "password_encryption": "scram-sha-256",
    }


def postgres_workload(
    image: Image, size: DockerPostgres, admin_password: Input[str], wal_password: Input[str]
) -> Workload:
    """A server whose memory is cut to the container's."""
    memory = memory_of(size.memory_mb)
    return Workload(
        image=image.reference,
        port=5432,
        health=Health(
            command=["CMD", "pg_isready", "-U", ADMIN_USER, "-d", "postgres"],
            # After a crash it reads what it had written since the last checkpoint, up to max_wal_size.
            start_s=300,
            interval_s=10,
        ),
        cpu=size.cpus,
        memory_mb=size.memory_mb,
        command=["sh", "-c", START, "sh"],
        args=["postgres", *(word for key, value in _parameters(size).items() for word in ("-c", f"{key}={value}"))],
        env={
            "POSTGRES_USER": ADMIN_USER,
            "POSTGRES_PASSWORD_FILE": f"{Workload.SECRETS_FOLDER}/{PASSWORD_FILE}",
            "POSTGRES_INITDB_ARGS": "--auth-host=scram-sha-256 --data-checksums",
        },
        secret_files={PASSWORD_FILE: admin_password, WAL_PASSWORD_FILE: wal_password},
        volumes=[
            # The image's own folder up to PostgreSQL 17; from 18 on it is its parent.
            Volume("data", DATA, needs="posix"),
            Volume("run", "/var/run/postgresql", needs="scratch", size_mb=16),
            Volume("tmp", "/tmp", needs="scratch"),  # noqa: S108 - inside the container
        ],
        user=POSTGRES_UID,
        read_only_root=True,
        access=["data"],
        stop_timeout_s=90,
        shm_mb=memory.shared_memory,
    )
